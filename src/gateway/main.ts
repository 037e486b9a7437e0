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

async function stop(gateway: Gateway): Promise<void> {
  process.removeAllListeners("SIGTERM").removeAllListeners("SIGINT");
  await gateway.stop();
  process.exit(0);
}

/** Runs until a signal ends it. A configuration that is wrong is told of on standard error, and the process ends with 1. */
export async function main(): Promise<void> {
  // What the gateway writes (books, ledger, master key) is for its own user only.
  process.umask(0o077);
  try {
    const file = configFile();
    const gateway = await startGateway({ clock, random, log }, loadConfig(file));
    process.on("SIGHUP", () => reload(gateway, file));
    process.on("SIGTERM", () => void stop(gateway));
    process.on("SIGINT", () => void stop(gateway));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    process.stderr.write(`${error.message}\nfix: ${error.fix}\n`);
    process.exit(1);
  }
}
