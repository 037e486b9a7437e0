// Puts the gateway together and keeps its life: start, reload, drain, stop.
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { Problem } from "../lib/problem.ts";
import type { Clock, Random } from "../lib/ports.ts";
import { openLedger } from "../ledger/index.ts";
import { Accounts } from "./accounts.ts";
import { Audit } from "./audit.ts";
import { BodyBudget } from "./body.ts";
import { Books } from "./books.ts";
import { Budgets } from "./budgets.ts";
import type { Desk } from "./exchange.ts";
import { InFlight } from "./in-flight.ts";
import { Keyring } from "./keyring.ts";
import { Limits } from "./limits.ts";
import { readKey, type LoadedConfig } from "./load-config.ts";
import type { Log } from "./log.ts";
import { managementServer } from "./management.ts";
import { Refusal } from "./refusal.ts";
import { Owners } from "./owners.ts";
import { modelServer } from "./server.ts";
import { SpendLog } from "./spend-log.ts";
import { Till } from "./till.ts";
import { Upstreams } from "./upstream.ts";

export type Effects = { readonly clock: Clock; readonly random: Random; readonly log: Log };

export type Gateway = {
  /** Where the model port listens (the port is known now, also when 0 was asked for). */
  readonly address: AddressInfo;
  /** How many requests are under way. */
  inFlight(): number;
  /** Takes new routes and limits for the requests to come. Addresses and folders stay as they were. */
  reload(config: LoadedConfig): void;
  /** Lets running requests finish until the drain's deadline, then ends them and closes everything. */
  stop(): Promise<void>;
};

/** Throws Problem when the state folder, the socket or the address cannot be had. */
export async function startGateway(effects: Effects, config: LoadedConfig): Promise<Gateway> {
  const rooms = openRooms(effects, config);
  const { books, audit } = rooms;
  await recover(effects, rooms);
  let desk: Desk = { ...rooms, clock: effects.clock, log: effects.log, config };
  let draining = false;
  let stopping: Promise<void> | undefined;
  const model = modelServer({
    desk: () => desk,
    isDraining: () => draining,
    log: effects.log,
  });
  const master = readKey(masterKeyFile(effects.random, config));
  const management = managementServer({ ...rooms, master, clock: effects.clock });
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
    inFlight: () => rooms.inFlight.count,
    reload: (next) => {
      desk = { ...desk, config: next };
      effects.log({ event: "reloaded", routes: next.live.size });
    },
    stop: async () => await (stopping ??= stop()),
  };

  async function stop(): Promise<void> {
    draining = true;
    effects.log({ event: "draining" });
    const isClosed = closed(model);
    await drain(rooms.inFlight, desk.config.limits.drainMs);
    await endConnections(model, isClosed);
    await endConnections(management, closed(management));
    await rooms.upstreams.close();
    await audit.settled();
    await books.close();
    effects.log({ event: "stopped" });
  }
}

/** Everything that lives as long as the process. */
function openRooms(effects: Effects, config: LoadedConfig) {
  const { clock, log } = effects;
  const books = new Books(config.state);
  const ledger = openLedger(join(config.state, "ledger"), { clock });
  const audit = new Audit({ books, ledger, log });
  const accounts = new Accounts({ books, clock });
  const budgets = new Budgets({ books, clock });
  const spendLog = new SpendLog(books);
  return {
    books,
    audit,
    budgets,
    spendLog,
    keyring: new Keyring({ ...effects, books, accounts, audit }),
    owners: new Owners({ books, accounts, audit }),
    limits: new Limits(clock),
    till: new Till({ books, budgets, audit, spendLog, clock }),
    inFlight: new InFlight(),
    upstreams: new Upstreams(),
    bodies: new BodyBudget(),
  };
}

async function recover(
  { clock, log }: Effects,
  { audit, till, spendLog }: ReturnType<typeof openRooms>,
): Promise<void> {
  await audit.recover();
  const requests = await till.recover();
  if (requests > 0) log({ event: "settled-after-crash", requests });
  await spendLog.prune(clock.now());
}

/** Resolves when every request is answered and settled. */
async function drain(inFlight: InFlight, drainMs: number): Promise<void> {
  const deadline = setTimeout(
    () => inFlight.endAll(new Refusal("overloaded_error", "the gateway is stopping", { "retry-after": "5" })),
    drainMs,
  );
  await inFlight.idle();
  clearTimeout(deadline);
}

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}

/** What was answered may still be on its way to the client: it gets a moment. */
const FLUSH_MS = 1000;

async function endConnections(server: Server, isClosed: Promise<void>): Promise<void> {
  server.closeIdleConnections();
  const late = setTimeout(() => server.closeAllConnections(), FLUSH_MS);
  await isClosed;
  clearTimeout(late);
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
