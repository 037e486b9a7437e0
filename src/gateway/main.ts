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

const USAGE = `Usage: node src/gateway/main.js --config FILE

Runs the gateway that FILE describes (docs/reference/gateway-config.md). SIGHUP reads FILE again, SIGTERM lets running
requests finish and stops, a second one stops at once. The log goes to standard error, one JSON object a line.
`;

/** Throws Problem when the command line names no configuration, or anything else; undefined when help was asked for. */
function configFile(): string | undefined {
  const { config, help } = commandLine();
  if (help === true) return undefined;
  if (config !== undefined) return config;
  throw wrongLine("--config is missing");
}

function commandLine(): { readonly config?: string | undefined; readonly help?: boolean | undefined } {
  try {
    return parseArgs({ options: { config: { type: "string" }, help: { type: "boolean", short: "h" } } }).values;
  } catch (error) {
    // parseArgs has a code for each thing that can be wrong with a command line; anything else is a bug.
    if (!(error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"))) throw error;
    throw wrongLine(error.message);
  }
}

function wrongLine(what: string): Problem {
  return new Problem({
    code: "usage",
    where: "node src/gateway/main.js",
    what,
    fix: "node src/gateway/main.js --config FILE",
  });
}

function reload(gateway: Gateway, file: string): void {
  try {
    gateway.reload(loadConfig(file));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    // The fix lists what else is wrong.
    log({ event: "reload-refused", where: error.where, what: error.what, fix: error.fix });
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
    if (file === undefined) {
      process.stdout.write(USAGE);
      return;
    }
    const starting = startGateway({ clock, random, log }, loadConfig(file));
    answerSignals(starting, file);
    await starting;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    process.stderr.write(`${error.message}\nfix: ${error.fix}\n`);
    process.exit(1);
  }
}
