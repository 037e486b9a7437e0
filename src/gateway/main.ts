// The gateway's process: `node src/gateway/main.js --config FILE`. SIGHUP reloads, SIGTERM and SIGINT drain and stop.
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { Problem } from "../lib/problem.ts";
import { startGateway, type Gateway } from "./gateway.ts";
import { loadConfig } from "./load-config.ts";
import type { LogEntry } from "./log.ts";

const clock = { now: () => Date.now() };
const random = { bytes: (size: number) => randomBytes(size) };

function log(entry: LogEntry): void {
  process.stderr.write(`${JSON.stringify({ time: new Date(clock.now()).toISOString(), ...entry })}\n`);
}

function configFile(): string {
  const { values } = parseArgs({ options: { config: { type: "string" } } });
  if (values.config !== undefined) return values.config;
  throw new Problem({
    code: "usage",
    where: "--config",
    what: "is missing",
    fix: "node src/gateway/main.js --config FILE",
  });
}

function reload(gateway: Gateway, file: string): void {
  try {
    gateway.reload(loadConfig(file));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    log({ event: "reload-refused", where: error.where, what: error.what });
  }
}

/** From now on, also while the gateway starts: what is asked for too soon is done when it is there. */
function answerSignals(starting: Promise<Gateway>, file: string): void {
  // A start that fails tells of it itself.
  const started = (then: (gateway: Gateway) => void) => () => void starting.then(then, () => {});
  let isStopping = false;
  const stop = started((gateway) => {
    if (isStopping) process.exit(1);
    isStopping = true;
    void gateway.stop().then(() => process.exit(0));
  });
  process.on(
    "SIGHUP",
    started((gateway) => reload(gateway, file)),
  );
  process.on("SIGTERM", stop).on("SIGINT", stop);
}

/**
 * Runs until a signal ends it; a second one does not wait for what is under way. A configuration that is wrong is told of on
 * standard error, and the process ends with 1.
 */
export async function main(): Promise<void> {
  // What the gateway writes (books, ledger, master key) is for its own user only.
  process.umask(0o077);
  try {
    const file = configFile();
    const starting = startGateway({ clock, random, log }, loadConfig(file));
    answerSignals(starting, file);
    await starting;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    process.stderr.write(`${error.message}\nfix: ${error.fix}\n`);
    process.exit(1);
  }
}
