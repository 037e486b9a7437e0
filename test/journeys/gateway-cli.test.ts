// `demesne gateway` and `demesne keys` as an operator uses them, over a scripted worker.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { it, type TestContext } from "node:test";
import { callManagement, readKey } from "../../src/gateway/index.ts";
import { scriptedWorker } from "../../src/gateway/scripted-worker.ts";
import { run } from "../../src/lib/run.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");

async function started(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "demesne-gateway-cli-"));
  const { server } = scriptedWorker();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, XDG_STATE_HOME: folder };
  const listen = `127.0.0.1:${20_000 + (process.pid % 12_000)}`;
  const argv = [MAIN, "gateway", "--worker", `http://127.0.0.1:${port}`, "--listen", listen];
  const child = spawn(process.execPath, argv, { env, stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  let key = "";
  for await (const line of createInterface({ input: child.stdout })) {
    key = /ANTHROPIC_AUTH_TOKEN=(sk-\S+)/.exec(line)?.[1] ?? key;
    if (line.startsWith("Ctrl-C")) break;
  }
  const keys = async (...args: string[]) =>
    await run([process.execPath, MAIN, "keys", ...args], { env, timeoutMs: 30_000 });
  const status = async (token: string): Promise<number> =>
    (await fetch(`http://${listen}/v1/models`, { headers: { authorization: `Bearer ${token}` } })).status;
  const state = join(folder, "demesne/gateway/state");
  const verify = async () =>
    await run([process.execPath, MAIN, "log", "verify", "--gateway", state], { env, timeoutMs: 30_000 });
  const issueOver = async (body: object) => {
    const management = {
      socket: join(folder, "demesne/gateway/management.sock"),
      masterKey: readKey(join(state, "master.key")),
    };
    return await callManagement(management, { method: "POST", path: "/key/generate", body, signal: t.signal });
  };
  return { child, key, keys, status, state, verify, issueOver };
}

it("starts, prints a key that works, and keys are issued, shown, rotated and revoked", async (t) => {
  const { child, key, keys, status } = await started(t);
  assert.equal(await status(key), 200);
  const issued = (await keys("issue", "ui", "--budget", "5", "--period", "1mo")).stdout.trim();
  assert.match(issued, /^sk-[\w-]{32}$/);
  assert.match((await keys("show", "ui")).stdout, /^spent +\$0\.00 of \$5\.00 each 1mo, anew on 20/m);
  const listed = (await keys("list")).stdout;
  assert.match(listed, /^ui +sk-\.\.\..{4} {2}/m);
  assert.ok(!listed.includes(issued));
  const rotated = (await keys("rotate", "ui")).stdout.trim();
  assert.deepEqual([await status(issued), await status(rotated)], [401, 200]);
  assert.equal((await keys("revoke", "ui")).status, 0);
  assert.equal(await status(rotated), 401);
  const refused = await keys("show", rotated);
  assert.deepEqual([refused.status, refused.stdout], [3, ""]);
  assert.match(refused.stderr, /a key on the command line can be read by others/);
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
  assert.equal((await keys("list")).status, 6);
});

it("ends, and says why, when its port is taken", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "demesne-gateway-cli-"));
  const { server } = scriptedWorker();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, XDG_STATE_HOME: folder };
  const argv = [process.execPath, MAIN, "gateway", "--worker", `http://127.0.0.1:${port}`];
  const { status, stderr, timedOut } = await run([...argv, "--listen", `127.0.0.1:${port}`], {
    env,
    timeoutMs: 60_000,
  });
  assert.deepEqual([status, timedOut], [5, false]);
  assert.match(stderr, /cannot be listened on \(EADDRINUSE\)\nfix: free it or name another/);
});

it("lists every key, of however many pages, and does not guess at a name that is taken", async (t) => {
  const { keys, issueOver } = await started(t);
  for (let count = 0; count < 103; count += 1) await issueOver({ key_alias: `key-${count}` });
  const listed = (await keys("list")).stdout;
  for (let count = 0; count < 103; count += 1) assert.match(listed, new RegExp(`^key-${count} `, "m"));
  assert.equal(JSON.parse((await keys("list", "--json")).stdout).keys.length, 104);
  const again = await keys("issue", "key-7");
  assert.deepEqual([again.status === 0, again.stdout], [false, ""]);
  assert.match(again.stderr, /key-7 is the name of the key [0-9a-f]{64}: choose another name/);
});

it("leaves an audit that demesne log verifies, while it runs and afterwards, and that shows a changed word", async (t) => {
  const { child, keys, state, verify } = await started(t);
  assert.match((await keys("issue", "ui")).stdout, /^sk-/);
  // The ledger is written a moment after the books.
  for (let tries = 0; (await verify()).status !== 0 && tries < 600; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill("SIGTERM");
  await once(child, "exit");
  const sound = await verify();
  assert.equal(sound.status, 0);
  assert.match(sound.stdout, /^2 entries, head sha256:[0-9a-f]{64}: sound$/m);
  const [segment = ""] = readdirSync(join(state, "ledger"));
  const file = join(state, "ledger", segment);
  writeFileSync(file, readFileSync(file, "utf8").replace('"alias":"ui"', '"alias":"me"'));
  const changed = await verify();
  assert.notEqual(changed.status, 0);
  assert.match(changed.stdout, /:2: does not have the hash it states/);
});
