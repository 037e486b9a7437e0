// Puts the gateway together and keeps its life: start, reload, drain, stop.
import { existsSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Clock, Random } from "../lib/ports.ts";
import { Problem } from "../lib/problem.ts";
import { openLedger } from "../ledger/index.ts";
import { Accounts } from "./accounts.ts";
import { Audit } from "./audit.ts";
import { BodyBudget } from "./body.ts";
import { LEDGER_FOLDER } from "./bookkeeper.ts";
import { BookkeeperThread } from "./bookkeeper-thread.ts";
import { Books } from "./books.ts";
import { Budgets } from "./budgets.ts";
import { Cashbook } from "./cashbook.ts";
import type { Desk } from "./exchange.ts";
import { InFlight } from "./in-flight.ts";
import { Keyring } from "./keyring.ts";
import { closed, endConnections, listenTcp, listenUnix } from "./listen.ts";
import { Limits } from "./limits.ts";
import { openPrivacy } from "./load-privacy.ts";
import { readKey, type LoadedConfig } from "./load-config.ts";
import type { Log } from "./log.ts";
import { managementServer } from "./management.ts";
import { plainRefusal, Refusal } from "./refusal.ts";
import { waitingForRestart } from "./reload.ts";
import { Metrics } from "./metrics.ts";
import { Pace } from "./pace.ts";
import { Owners } from "./owners.ts";
import { keepServiceKeys } from "./service-keys.ts";
import { keepRetention } from "./retention.ts";
import { modelServer, type Readiness } from "./server.ts";
import { SpendLog } from "./spend-log.ts";
import type { Traces } from "./traces.ts";
import { Till } from "./till.ts";
import { Upstreams } from "./upstream.ts";

export type Effects = { readonly clock: Clock; readonly random: Random; readonly log: Log };

export type Gateway = {
  /** Where the model port listens (the port is known now, also when 0 was asked for). */
  readonly address: AddressInfo;
  /** How many requests are under way. */
  inFlight(): number;
  /** Takes new routes and limits for the requests to come. Addresses and folders stay as they were; the log says which. */
  reload(config: LoadedConfig): void;
  /** Lets running requests finish until the drain's deadline, then ends them and closes everything. */
  stop(): Promise<void>;
};

/** Throws Problem when the state folder, the socket or the address cannot be had. */
export async function startGateway(effects: Effects, config: LoadedConfig): Promise<Gateway> {
  const traces =
    config.traces === undefined ? undefined : (await import("./traces.ts")).startTraces(config.traces, effects.log);
  // What is open when a start fails is closed again, in the opposite order, as at a stop.
  await using opened = new AsyncDisposableStack();
  opened.defer(async () => await traces?.close());
  const rooms = openRooms(effects, config, traces);
  const { books, cashbook } = rooms;
  opened.defer(async () => await books.close());
  opened.defer(async () => await cashbook.close());
  await recover(effects, rooms);
  await keepServiceKeys(rooms.keyring, config.serviceKeys);
  opened.defer(keepRetention({ ...effects, ...rooms }, config.state, config.auditDays));
  const privacy = openPrivacy(effects.random, config, config.state);
  let desk: Desk = { ...rooms, privacy, clock: effects.clock, log: effects.log, config };
  opened.defer(async () => await desk.privacy.close());
  opened.defer(async () => await rooms.upstreams.close());
  let draining = false;
  let stopping: Promise<void> | undefined;
  const model = modelServer({
    desk: () => desk,
    readiness: () => readinessOf(draining, cashbook),
    log: effects.log,
  });
  const master = readKey(masterKeyFile(effects.random, config));
  const management = managementServer({ ...rooms, master, clock: effects.clock });
  const metrics = metricsServer(rooms);
  opened.defer(async () => await endConnections(metrics, closed(metrics)));
  opened.defer(async () => await endConnections(management, closed(management)));
  await listenUnix(management, config.management);
  if (config.metrics !== undefined) await listenTcp(metrics, config.metrics);
  await listenTcp(model, config.listen);
  const address = model.address();
  if (address === null || typeof address === "string") throw new TypeError("a TCP server's address is never a string");
  effects.log({
    event: "started",
    listen: `${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`,
    management: config.management,
    routes: config.live.size,
  });
  const everything = opened.move();
  return {
    address,
    inFlight: () => rooms.inFlight.count,
    reload: (next) => {
      desk = { ...desk, config: next, privacy: openPrivacy(effects.random, next, config.state) };
      effects.log({ event: "reloaded", routes: next.live.size, waitingForRestart: waitingForRestart(config, next) });
    },
    stop: async () => await (stopping ??= stop()),
  };

  async function stop(): Promise<void> {
    draining = true;
    effects.log({ event: "draining" });
    const isClosed = closed(model);
    await drain(rooms.inFlight, desk.config.limits.drainMs);
    await endConnections(model, isClosed);
    await everything.disposeAsync();
    effects.log({ event: "stopped" });
  }
}

/** Everything that lives as long as the process. */
function openRooms(effects: Effects, config: LoadedConfig, traces: Traces | undefined) {
  const { clock, log } = effects;
  const books = new Books(config.state);
  const ledger = openLedger(join(config.state, LEDGER_FOLDER), { clock });
  const audit = new Audit({ books, whenRecorded: () => cashbook.foldSoon() });
  const budgets = new Budgets(books.db, clock);
  const accounts = new Accounts({ books, budgets, clock });
  const metrics = new Metrics();
  const spendLog = new SpendLog(books);
  const inFlight = new InFlight();
  const bookkeeper = new BookkeeperThread(config.state);
  const isQuiet = (): boolean => inFlight.unanswered <= 1;
  const cashbook = new Cashbook({ books, budgets, audit, bookkeeper, clock, log, isQuiet }, config.state);
  return {
    books,
    ledger,
    audit,
    budgets,
    cashbook,
    spendLog,
    metrics,
    keyring: new Keyring({ ...effects, books, accounts, audit }),
    owners: new Owners({ books, accounts, audit }),
    limits: new Limits(clock),
    till: new Till({ budgets, cashbook, clock, metrics, traces }),
    inFlight,
    pace: new Pace(() => inFlight.streaming > 0),
    upstreams: new Upstreams(),
    bodies: new BodyBudget(),
  };
}

function readinessOf(isDraining: boolean, cashbook: Cashbook): Readiness {
  if (isDraining) return "draining";
  return cashbook.isOpen ? "ready" : "unwritable";
}

function metricsServer({ metrics, inFlight, bodies, audit, cashbook }: ReturnType<typeof openRooms>): Server {
  return createServer((request, response) => {
    const gauges = {
      inFlight: inFlight.count,
      bodyBytes: bodies.inFlight,
      auditWaiting: audit.waiting + cashbook.waiting,
    };
    const isKnown = request.url === "/metrics";
    response.writeHead(isKnown ? 200 : 404, { "content-type": "text/plain; version=0.0.4" });
    response.end(isKnown ? metrics.print(gauges) : "");
  });
}

async function recover({ log }: Effects, { audit, cashbook, till }: ReturnType<typeof openRooms>): Promise<void> {
  await cashbook.fold().catch(unstartable);
  if (audit.waiting + cashbook.waiting > 0) cashbook.foldSoon();
  const requests = await till.recover();
  if (requests > 0) log({ event: "settled-after-crash", requests });
}

function unstartable(error: unknown): never {
  if (!(error instanceof Refusal)) throw error;
  throw new Problem({
    code: "prerequisite",
    where: "the gateway's state folder",
    what: "its books cannot be written, and requests that were under way cannot be settled",
    fix: "make room on the disk, end whatever else has gateway.sqlite open, and start again",
  });
}

/** Resolves when every request is answered and settled. */
async function drain(inFlight: InFlight, drainMs: number): Promise<void> {
  const deadline = setTimeout(
    () => inFlight.endAll(plainRefusal("overloaded_error", "the gateway is stopping", { "retry-after": "5" })),
    drainMs,
  );
  await inFlight.idle();
  clearTimeout(deadline);
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
