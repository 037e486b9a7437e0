// The gateway as a process, killed at any moment and short of disk: no money is lost, none is spent twice over the cap.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text as readText } from "node:stream/consumers";
import { it, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Scripted } from "../../src/gateway/scripted-answers.ts";
import { printEvent } from "../../src/gateway/wire/sse.ts";
import { scriptedWorker, type Script } from "../../src/gateway/scripted-worker.ts";
import { openLedger } from "../../src/ledger/index.ts";

const MAIN = join(import.meta.dirname, "../../src/gateway/main.js");

/** Micro-USD a request costs at the worker: 12 tokens in at $3, 900 out at $15 a million. */
const COST = 12 * 3 + 900 * 15;
const BODY = JSON.stringify({
  model: "claude-sonnet-4-6",
  max_tokens: 1000,
  messages: [{ role: "user", content: "hi" }],
});

const answer: Script = () => ({
  headers: { "content-type": "application/json" },
  parts: [
    JSON.stringify({
      type: "message",
      content: [],
      stop_reason: "end_turn",
      usage: { input_tokens: 12, output_tokens: 900 },
    }),
  ],
});

/** The stream of a request goes on until this is so. */
const disk = { isFull: false };

function isStreamed({ body }: { readonly body: string }): boolean {
  return body.includes('"stream":true');
}

function lasting(): Scripted {
  const usage = { input_tokens: 12, output_tokens: 1 };
  const ping = printEvent({ type: "ping" }, "ping");
  const parts = {
    *[Symbol.iterator]() {
      yield printEvent({ type: "message_start", message: { usage } }, "message_start");
      while (!disk.isFull) yield ping;
      yield printEvent({ type: "message_delta", delta: {}, usage }, "message_delta");
      yield printEvent({ type: "message_stop" }, "message_stop");
    },
  };
  return { headers: { "content-type": "text/event-stream" }, parts, gapMs: 20 };
}

type Running = { readonly child: ChildProcess; readonly url: string };

async function house(t: TestContext, script: Script) {
  const folder = mkdtempSync(join(tmpdir(), "demesne-faults-"));
  const worker = scriptedWorker(script);
  const port = await listen(worker.server);
  const route = { upstream: `http://127.0.0.1:${port}`, dialect: "anthropic", residency: "global" };
  const config = {
    format: 1,
    listen: "127.0.0.1:0",
    management: join(folder, "m.sock"),
    state: join(folder, "state"),
    routes: { "claude-sonnet-4-6": route },
    limits: { drainMs: 2000 },
  };
  writeFileSync(join(folder, "gateway.yaml"), JSON.stringify(config));
  const children: ChildProcess[] = [];
  t.after(async () => {
    for (const child of children) {
      if (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL")) await once(child, "exit");
    }
    worker.server.closeAllConnections();
    worker.server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const begin = (wrapper: readonly string[] = []) => {
    const [program, ...rest] = [...wrapper, process.execPath, MAIN, "--config", join(folder, "gateway.yaml")];
    const child = spawn(program, rest, { stdio: ["ignore", "ignore", "pipe"] });
    children.push(child);
    return child;
  };
  const start = async (wrapper: readonly string[] = []): Promise<Running> => {
    const child = begin(wrapper);
    for await (const line of createInterface({ input: child.stderr })) {
      const entry = JSON.parse(line);
      if (entry.event !== "started") continue;
      child.stderr.resume();
      return { child, url: `http://${entry.listen}/v1/messages` };
    }
    throw new Error("the gateway did not start");
  };
  const manage = async (method: string, path: string, body?: object) => {
    const key = readFileSync(join(folder, "state/master.key"), "utf8").trim();
    return JSON.parse(await unixRequest(join(folder, "m.sock"), method, path, key, body));
  };
  return { folder, worker, begin, start, manage };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function unixRequest(
  socketPath: string,
  method: string,
  path: string,
  key: string,
  body?: object,
): Promise<string> {
  return await new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}` };
    const request = httpRequest({ socketPath, method, path, headers }, (response) => {
      readText(response).then(resolve, reject);
    });
    request.on("error", reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function ask(url: string, key: string): Promise<{ readonly status: number; readonly text: string } | undefined> {
  try {
    const signal = AbortSignal.timeout(120_000);
    const response = await fetch(url, { method: "POST", headers: { "x-api-key": key }, body: BODY, signal });
    return { status: response.status, text: await response.text() };
  } catch {
    // The gateway was killed under it.
    return undefined;
  }
}

it("killed at any moment: what the upstream charged <= what is recorded <= the cap, and the audit is whole", async (t) => {
  const { folder, worker, start, manage } = await house(t, answer);
  let running = await start();
  const { key } = await manage("POST", "/key/generate", { max_budget: 1 });
  for (let kill = 0; kill < 5; kill += 1) {
    const clients = Array.from({ length: 6 }, async () => {
      for (let tries = 0; tries < 6; tries += 1) if ((await ask(running.url, key)) === undefined) return;
    });
    // A machine that is slow to begin has served nobody after a fixed time.
    for (let tries = 0; worker.seen.length === 0 && tries < 12_000; tries += 1) await sleep(5);
    await sleep(20 + Math.random() * 150);
    running.child.kill("SIGKILL");
    await once(running.child, "exit");
    await Promise.all(clients);
    running = await start();
  }
  const { info } = await manage("GET", `/key/info?key=${key}`);
  const charged = (worker.seen.filter(({ path }) => path === "/v1/messages").length * COST) / 1_000_000;
  assert.ok(charged > 0, "no request got through");
  assert.ok(
    charged <= info.spend + 1e-9 && info.spend <= info.max_budget,
    `${charged} <= ${info.spend} <= ${info.max_budget}`,
  );
  running.child.kill("SIGTERM");
  await once(running.child, "exit");
  const ledger = openLedger(join(folder, "state/ledger"));
  assert.deepEqual((await ledger.verify()).faults, []);
  const records = (await Array.fromAsync(ledger.read())).map((entry) => entry.record);
  const of = (kind: string): string[] =>
    records.filter((record) => record.kind === kind).map((record) => JSON.stringify(record["request"]));
  // Every request that was let through has exactly one end, also those that the kills cut.
  assert.deepEqual(
    of("gateway.answer").toSorted((a, b) => a.localeCompare(b)),
    of("gateway.request").toSorted((a, b) => a.localeCompare(b)),
  );
  assert.equal(new Set(of("gateway.request")).size, of("gateway.request").length);
});

it("leaves nothing of its start behind, also after it was killed", async (t) => {
  const { folder, start } = await house(t, answer);
  const temporary = join(folder, "temporary");
  mkdirSync(temporary);
  const compiled = (): string[] => readdirSync(temporary).filter((name) => name.startsWith("demesne-gateway-"));
  const killed = await start(["env", `TMPDIR=${temporary}`]);
  const [first] = compiled();
  assert.ok(first !== undefined && readdirSync(join(temporary, first), { recursive: true }).length > 100);
  killed.child.kill("SIGKILL");
  await once(killed.child, "exit");
  const again = await start(["env", `TMPDIR=${temporary}`]);
  assert.ok(compiled().length === 1 && compiled()[0] !== first);
  again.child.kill("SIGTERM");
  await once(again.child, "exit");
  assert.deepEqual(compiled(), []);
});

it("told to stop before it has begun, it ends in order and leaves nothing", async (t) => {
  const { folder, begin } = await house(t, answer);
  const temporary = join(folder, "temporary");
  mkdirSync(temporary);
  const child = begin(["env", `TMPDIR=${temporary}`]);
  const ended = once(child, "exit");
  // The folder for what is compiled comes first of all.
  while (readdirSync(temporary).length === 0 && child.exitCode === null) await sleep(5);
  child.kill("SIGHUP");
  child.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
  assert.deepEqual(readdirSync(temporary), []);
});

it("with a full disk: new requests get 529 in their dialect, nothing leaves unrecorded, and it works again after", async (t) => {
  const { folder, worker, start, manage } = await house(t, (seen) => (isStreamed(seen) ? lasting() : answer(seen)));
  // A file of the gateway's cannot grow beyond this: its writes fail as on a full disk.
  const running = await start(["prlimit", "--fsize=300000"]);
  const { key } = await manage("POST", "/key/generate", {});
  const streaming = fetch(running.url, {
    method: "POST",
    headers: { "x-api-key": key },
    body: JSON.stringify({ ...JSON.parse(BODY), stream: true }),
  });
  const stream = await streaming;
  const refused: string[] = [];
  let answered = 0;
  for (let tries = 0; tries < 2000 && refused.length < 5; tries += 1) {
    const one = await ask(running.url, key);
    assert.ok(one !== undefined, "the gateway died");
    assert.ok(one.status === 200 || one.status === 529, `${one.status} ${one.text}`);
    if (one.status === 200) answered += 1;
    else refused.push(JSON.parse(one.text).error.type);
  }
  assert.deepEqual(new Set(refused), new Set(["overloaded_error"]));
  assert.equal(worker.seen.length, answered + 1, "a request left without a record");
  const readiness = await fetch(new URL("/health/readiness", running.url));
  assert.deepEqual([readiness.status, await readiness.json()], [503, { status: "unhealthy", db: "not writable" }]);
  disk.isFull = true;
  assert.match(await stream.text(), /event: message_stop\ndata: .*\n\n$/);
  const { info } = await manage("GET", `/key/info?key=${key}`);
  assert.ok(info.spend > 0, "what was spent cannot be asked");
  running.child.kill("SIGKILL");
  await once(running.child, "exit");
  const again = await start();
  assert.equal((await ask(again.url, key))?.status, 200);
  assert.equal((await fetch(new URL("/health/readiness", again.url))).status, 200);
  again.child.kill("SIGTERM");
  await once(again.child, "exit");
  const records = await Array.fromAsync(openLedger(join(folder, "state/ledger")).read());
  assert.equal(records.filter(({ record }) => record.kind === "gateway.request").length, answered + 2);
});
