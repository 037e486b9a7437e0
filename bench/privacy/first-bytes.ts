// One gateway with a hosted and a local route to one scripted upstream, all in this process: how long the first byte takes.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callManagement, loadConfig, readKey, startGateway } from "../../src/gateway/index.ts";
import { scriptedWorker } from "../../src/gateway/scripted-worker.ts";

export async function firstBytes(count: number): Promise<{ readonly read: number[]; readonly unread: number[] }> {
  const folder = mkdtempSync(join(tmpdir(), "demesne-bench-"));
  const { server } = scriptedWorker();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const upstream = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const route = { upstream, dialect: "anthropic", model: "claude-sonnet-4-6" };
  const file = join(folder, "gateway.yaml");
  const routes = { hosted: { ...route, residency: "global" }, local: { ...route, residency: "local" } };
  const paths = { management: join(folder, "management.sock"), state: join(folder, "state") };
  writeFileSync(file, JSON.stringify({ format: 1, listen: "127.0.0.1:0", ...paths, routes }));
  const random = { bytes: (size: number) => randomBytes(size) };
  const gateway = await startGateway({ clock: { now: () => Date.now() }, random, log: () => {} }, loadConfig(file));
  try {
    const issued = await callManagement(
      { socket: paths.management, masterKey: readKey(join(paths.state, "master.key")) },
      { method: "POST", path: "/key/generate", body: {}, signal: AbortSignal.timeout(5000) },
    );
    const key = String(Object(issued)["key"]);
    return await measure(gateway.address.port, key, count);
  } finally {
    await gateway.stop();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  }
}

function content(seed: number): string {
  const words = "some words of a tool's result, 12 lines\n".repeat(220);
  return `turn ${seed}: call 020 7946 0${100 + (seed % 900)}, NHS 943 476 5919. ${words}`;
}

async function measure(port: number, key: string, count: number) {
  const read: number[] = [];
  const unread: number[] = [];
  for (let n = 0; n < count; n += 1) {
    // Another turn each time: most of it was read before, the last block was not.
    const messages = Array.from({ length: 9 }, (_, at) => ({
      role: at % 2 === 0 ? "user" : "assistant",
      content: content(n + at),
    }));
    const body = { max_tokens: 50, stream: true, messages };
    const [one, other] = n % 2 === 0 ? ["hosted", "local"] : ["local", "hosted"];
    for (const model of [one, other]) {
      const ms = await firstByte(port, key, JSON.stringify({ ...body, model }));
      if (n >= 50) (model === "hosted" ? read : unread).push(ms);
    }
  }
  return { read, unread };
}

async function firstByte(port: number, key: string, body: string): Promise<number> {
  return await new Promise((resolve, reject) => {
    const started = performance.now();
    let first = 0;
    const headers = { "x-api-key": key, "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const asked = request(
      { port, host: "127.0.0.1", path: "/v1/messages", method: "POST", headers, timeout: 10_000 },
      (answer) => {
        answer.on("data", () => (first ||= performance.now() - started));
        answer.on("end", () =>
          answer.statusCode === 200 ? resolve(first) : reject(new Error(`status ${answer.statusCode}`)),
        );
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}
