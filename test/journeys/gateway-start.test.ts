// `demesne gateway` on its first start and on the next ones: what it writes, what it leaves alone, which key it hands out.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { scriptedWorker, type Script } from "../../src/gateway/scripted-worker.ts";
import { run } from "../../src/lib/run.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");

async function house(t: TestContext, script?: Script) {
  const folder = mkdtempSync(join(tmpdir(), "demesne-gateway-start-"));
  const { server } = scriptedWorker(script);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const worker = `http://127.0.0.1:${port}`;
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, XDG_STATE_HOME: folder };
  /** Answers with what it printed once it runs. */
  const start = async (...args: readonly string[]) => {
    const child = spawn(process.execPath, [MAIN, "gateway", ...args], { env, stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => child.kill("SIGKILL"));
    let printed = "";
    for await (const chunk of child.stdout.setEncoding("utf8")) {
      printed += String(chunk);
      if (printed.includes("Ctrl-C stops it")) break;
    }
    const stop = async (): Promise<unknown[]> => {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      return await ended;
    };
    return { printed, stop, child };
  };
  const demesne = async (...args: readonly string[]) =>
    await run([process.execPath, MAIN, ...args], { env, timeoutMs: 60_000 });
  return { folder, file: join(folder, "demesne/gateway/gateway.yaml"), worker, port, start, demesne };
}

const LISTEN = ["--listen", "127.0.0.1:0"];

it("writes what it was told and no default, once, and leaves it alone from then on", async (t) => {
  const { file, worker, start } = await house(t);
  const first = await start("--worker", `${worker}/v1`, ...LISTEN);
  const { management, state, ...said } = parse(readFileSync(file, "utf8"));
  assert.ok(String(management).startsWith("/") && String(state).startsWith("/"));
  assert.deepEqual(said, {
    format: 1,
    listen: "127.0.0.1:0",
    routes: {
      "claude-local": {
        upstream: worker,
        dialect: "openai",
        model: "stand-in",
        residency: "local",
        worker: { contextTokens: 32_768 },
      },
    },
  });
  assert.match(first.printed, /export ANTHROPIC_MODEL=claude-local /);
  await first.stop();
  appendFileSync(file, "auditDays: 30 # mine\n");
  const before = readFileSync(file, "utf8");
  const second = await start("--worker", worker, ...LISTEN);
  assert.deepEqual(await second.stop(), [0, null]);
  const third = await start();
  await third.stop();
  assert.equal(readFileSync(file, "utf8"), before);
});

it("hands out one key of one name, and says afterwards that it still lives", async (t) => {
  const { worker, start, demesne } = await house(t);
  const first = await start("--worker", worker, ...LISTEN);
  assert.match(first.printed, /ANTHROPIC_AUTH_TOKEN=sk-[\w-]{32}$/m);
  await first.stop();
  const second = await start();
  assert.match(second.printed, /first start \(sk-\.\.\..{4}\) still lives, until \d{4}-\d\d-\d\d\./);
  assert.doesNotMatch(second.printed, /sk-[\w-]{32}/);
  const { keys } = JSON.parse((await demesne("keys", "list", "--json")).stdout);
  assert.deepEqual(
    keys.map((key: { key_alias: string }) => key.key_alias),
    ["demesne-gateway"],
  );
  await second.stop();
});

it("refuses flags that say otherwise than the file that is there, and names both", async (t) => {
  const { file, worker, start, demesne } = await house(t);
  const first = await start("--worker", worker, ...LISTEN);
  await first.stop();
  for (const [flags, told] of [
    [
      ["--listen", "4200"],
      /^--listen: .*gateway\.yaml, has 127\.0\.0\.1:0, not 127\.0\.0\.1:4200\nfix: leave --listen out/,
    ],
    [["--worker", "http://127.0.0.1:9"], /^--worker: .*has no route to http:\/\/127\.0\.0\.1:9\n/],
    [["--worker", worker, "--worker-model", "other"], /^--worker-model: .*for the model other\n/],
    [["--key-file", "/nowhere"], /^--key-file: .*has no route with the key file \/nowhere\n/],
    [["--config", file, "--listen", "4200"], /\nfix: leave --listen out, or edit \S+gateway\.yaml\n$/],
  ] as const) {
    const { status, stderr } = await demesne("gateway", ...flags);
    assert.equal(status, 3, stderr);
    assert.match(stderr, told);
  }
});

it("leaves no file behind where it cannot start", async (t) => {
  const { file, worker, port, demesne } = await house(t);
  const taken = await demesne("gateway", "--worker", worker, "--listen", `127.0.0.1:${port}`);
  assert.equal(taken.status, 5, taken.stderr);
  const absent = await demesne("gateway", "--worker", "http://127.0.0.1:1");
  assert.equal(absent.status, 6, absent.stderr);
  assert.match(absent.stderr, /does not answer \(ECONNREFUSED\)\nfix: start the worker first, or name its model/);
  const noKey = await demesne("gateway", "--key-file", "/nowhere");
  assert.equal(noKey.status, 3, noKey.stderr);
  assert.match(noKey.stderr, /^\/nowhere: .*\nfix: put Anthropic's key into this file/);
  assert.equal(existsSync(file), false);
});

it("asks which model is meant where the worker serves several", async (t) => {
  const models = { data: [{ id: "qwen3:32b" }, { id: "nomic-embed-text" }] };
  const { file, worker, start, demesne } = await house(t, () => ({ parts: [JSON.stringify(models)] }));
  const asked = await demesne("gateway", "--worker", worker);
  assert.equal(asked.status, 3);
  assert.match(
    asked.stderr,
    /serves 2 models: qwen3:32b, nomic-embed-text\nfix: say which: --worker-model qwen3:32b\n/,
  );
  const { stop } = await start("--worker", worker, "--worker-model", "qwen3:32b", ...LISTEN);
  assert.equal(parse(readFileSync(file, "utf8")).routes["claude-local"].model, "qwen3:32b");
  await stop();
});

it("waits for a running stream at the first Ctrl-C, and no longer at the second", async (t) => {
  const { start, worker } = await house(t, ({ path }) =>
    path === "/v1/models"
      ? undefined
      : { headers: { "content-type": "text/event-stream" }, parts: ['data: {"choices":[]}\n\n'], end: "hang" },
  );
  const { child, printed } = await start("--worker", worker, ...LISTEN);
  const [, url = "", key = ""] = /ANTHROPIC_BASE_URL=(\S+) ANTHROPIC_AUTH_TOKEN=(\S+)/.exec(printed) ?? [];
  const streaming = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "claude-local", stream: true, messages: [{ role: "user", content: "hi" }] }),
  });
  const broken = assert.rejects(streaming.text());
  const ended = once(child, "exit");
  child.kill("SIGINT");
  assert.equal(await Promise.race([ended, sleep(1000, "waits")]), "waits");
  child.kill("SIGINT");
  assert.deepEqual(await ended, [130, null]);
  await broken;
});
