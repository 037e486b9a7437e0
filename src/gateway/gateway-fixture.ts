// For tests: a real gateway over a scripted worker, on loopback, in a folder that goes with the test.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest, type Server } from "node:http";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { stringify } from "yaml";
import { startGateway, type Gateway } from "./gateway.ts";
import { loadConfig } from "./load-config.ts";
import type { LogEntry } from "./log.ts";
import { scriptedWorker, type Script } from "./scripted-worker.ts";

type Answer = { readonly status: number; readonly headers: Headers; readonly text: string };

export type FixtureOptions = {
  readonly script?: Script;
  readonly config?: object;
  readonly clock?: { now(): number };
};

/** Everything is closed and removed when the test ends. */
export async function gatewayFixture(t: TestContext, options: FixtureOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), "demesne-gateway-"));
  const worker = scriptedWorker(options.script);
  const port = await listen(worker.server);
  const upstreamKey = `upstream-${randomBytes(12).toString("hex")}`;
  writeFileSync(join(folder, "upstream.key"), upstreamKey);
  const configFile = join(folder, "gateway.yaml");
  const config = { ...standardConfig(folder, `http://127.0.0.1:${port}`), ...options.config };
  writeFileSync(configFile, stringify(config));
  const logged: LogEntry[] = [];
  const effects = {
    clock: options.clock ?? { now: () => Date.now() },
    random: { bytes: (size: number) => randomBytes(size) },
    log: (entry: LogEntry) => void logged.push(entry),
  };
  let gateway: Gateway = await startGateway(effects, loadConfig(configFile));
  t.after(async () => {
    worker.server.closeAllConnections();
    worker.server.close();
    await gateway.stop();
    rmSync(folder, { recursive: true });
  });
  const base = (): string => `http://127.0.0.1:${gateway.address.port}`;
  const masterKey = (): string => readFileSync(join(folder, "state/master.key"), "utf8").trim();
  const manage = async (method: string, path: string, body?: object, key = masterKey()) =>
    await unixRequest(join(folder, "management.sock"), { method, path, key, body });
  return {
    worker,
    folder,
    logged,
    /** Resolves when a request has reached the worker. */
    busy: async () => await until(() => worker.seen.length > 0),
    /** Resolves when nothing is under way and all is settled. */
    quiet: async () => await until(() => gateway.inFlight() === 0),
    upstreamKey,
    masterKey,
    manage,
    base,
    configFile,
    configText: () => readFileSync(configFile, "utf8"),
    gateway: () => gateway,
    stateBytes: () => bytesBelow(join(folder, "state")),
    restart: async () => {
      await gateway.stop();
      gateway = await startGateway(effects, loadConfig(configFile));
    },
    issue: async (settings: object = {}): Promise<string> => {
      const answer = await manage("POST", "/key/generate", settings);
      return String(JSON.parse(answer.text).key);
    },
    get: async (path: string, headers: Record<string, string>) => await ask(base() + path, { headers }),
    post: async (path: string, body: object | string, headers: Record<string, string>) =>
      await ask(base() + path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" || body instanceof Buffer ? body : JSON.stringify(body),
      }),
  };
}

function bytesBelow(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries += 1) {
    if (tries > 12_000) throw new Error("waited for a minute");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function standardConfig(folder: string, upstream: string): object {
  const keyFile = join(folder, "upstream.key");
  return {
    format: 1,
    listen: "127.0.0.1:0",
    management: join(folder, "management.sock"),
    state: join(folder, "state"),
    routes: {
      "claude-hosted": { upstream, dialect: "anthropic", keyFile, model: "claude-sonnet-4-6", residency: "global" },
      "claude-unpriced": { upstream, dialect: "anthropic", keyFile, model: "claude-unknown-9", residency: "global" },
      "local-chat": { upstream, dialect: "openai", keyFile, model: "qwen3-32b", residency: "local" },
    },
    limits: { drainMs: 200 },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no TCP address");
  return address.port;
}

async function ask(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(120_000) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function unixRequest(
  socketPath: string,
  call: { readonly method: string; readonly path: string; readonly key: string; readonly body?: object | undefined },
): Promise<{ readonly status: number; readonly text: string }> {
  return await new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        socketPath,
        method: call.method,
        path: call.path,
        headers: { authorization: `Bearer ${call.key}` },
        timeout: 5000,
      },
      (response) => {
        readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
      },
    );
    request.on("error", reject);
    request.end(call.body === undefined ? undefined : JSON.stringify(call.body));
  });
}
