// Puts the gateway together and keeps its life: start, reload, drain, stop.
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { Problem } from "../lib/problem.ts";
import type { Clock, Random } from "../lib/ports.ts";
import { BodyBudget } from "./body.ts";
import { Books } from "./books.ts";
import type { Desk } from "./exchange.ts";
import { Keyring } from "./keyring.ts";
import { readKey, type LoadedConfig } from "./load-config.ts";
import type { Log } from "./log.ts";
import { managementServer } from "./management.ts";
import { Refusal } from "./refusal.ts";
import { modelServer } from "./server.ts";
import { Upstreams } from "./upstream.ts";

export type Effects = { readonly clock: Clock; readonly random: Random; readonly log: Log };

export type Gateway = {
  /** Where the model port listens (the port is known now, also when 0 was asked for). */
  readonly address: AddressInfo;
  /** Takes new routes and limits for the requests to come. Addresses and folders stay as they were. */
  reload(config: LoadedConfig): void;
  /** Lets running requests finish until the drain's deadline, then ends them and closes everything. */
  stop(): Promise<void>;
};

/** Throws Problem when the state folder, the socket or the address cannot be had. */
export async function startGateway(effects: Effects, config: LoadedConfig): Promise<Gateway> {
  const books = new Books(config.state);
  const master = readKey(masterKeyFile(effects.random, config));
  const keyring = new Keyring({ ...effects, books });
  const upstreams = new Upstreams();
  const bodies = new BodyBudget();
  const ending = new AbortController();
  let desk: Desk = { clock: effects.clock, config, keyring, upstreams, bodies };
  let draining = false;
  const model = modelServer({
    desk: () => desk,
    isDraining: () => draining,
    log: effects.log,
    stop: ending.signal,
  });
  const management = managementServer({ keyring, master, clock: effects.clock });
  await listenUnix(management, config.management);
  await listenTcp(model, config.listen);
  const address = model.address();
  if (address === null || typeof address === "string") throw new TypeError("a TCP server's address is never a string");
  effects.log({
    event: "started",
    listen: `${address.address}:${address.port}`,
    management: config.management,
    routes: config.live.size,
  });
  return {
    address,
    reload: (next) => {
      desk = { ...desk, config: next };
      effects.log({ event: "reloaded", routes: next.live.size });
    },
    stop: async () => {
      draining = true;
      effects.log({ event: "draining" });
      await drain(model, ending, desk.config.limits.drainMs);
      await closed(management);
      await upstreams.close();
      books.close();
      effects.log({ event: "stopped" });
    },
  };
}

async function drain(server: Server, ending: AbortController, drainMs: number): Promise<void> {
  const deadline = setTimeout(
    () => ending.abort(new Refusal("overloaded_error", "the gateway is stopping", { "retry-after": "5" })),
    drainMs,
  );
  await closed(server);
  clearTimeout(deadline);
}

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

/** On the first start the gateway makes its own master key, readable by its user only. */
function masterKeyFile(random: Random, config: LoadedConfig): string {
  if (config.masterKeyFile !== undefined) return config.masterKeyFile;
  const file = join(config.state, "master.key");
  if (!existsSync(file)) {
    writeFileSync(file, `sk-${Buffer.from(random.bytes(24)).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  }
  return file;
}

async function listenUnix(server: Server, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // The books are locked by now, so a socket that is still there belongs to a gateway that died.
  rmSync(path, { force: true });
  const before = process.umask(0o177);
  try {
    await listening(server, path, () => server.listen(path));
    chmodSync(path, 0o600);
  } finally {
    process.umask(before);
  }
}

async function listenTcp(server: Server, listen: string): Promise<void> {
  const at = listen.lastIndexOf(":");
  const host = listen.slice(0, at).replace(/^\[|\]$/g, "");
  await listening(server, listen, () => server.listen(Number(listen.slice(at + 1)), host));
}

async function listening(server: Server, where: string, listen: () => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      const reason = "code" in cause ? String(cause.code) : cause.message;
      reject(
        new Problem({
          code: "prerequisite",
          where,
          what: `cannot be listened on (${reason})`,
          fix: "free it or name another",
          cause,
        }),
      );
    });
    server.once("listening", resolve);
    listen();
  });
}
