// This machine itself, as root: for a host that looks at itself. No key, no connection, no shell.
import { Problem } from "../lib/problem.ts";
import { run, type RunResult } from "../lib/run.ts";
import type { Host, HostRunOptions } from "./host.ts";

/** As a shell says it: the program was not found. */
const NOT_FOUND = 127;

export function localHost(id: string): Host {
  return { id, run: async (argv, options) => await runHere(id, argv, options) };
}

async function runHere(id: string, argv: readonly string[], options: HostRunOptions): Promise<RunResult> {
  const result = await run(argv, options).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    return { status: NOT_FOUND, stdout: "", stderr: `${argv[0]}: not found\n`, timedOut: false };
  });
  if (!result.timedOut) return result;
  throw new Problem({
    code: "unreachable",
    where: `host ${id}`,
    what: `${argv[0]} gave no answer within ${Math.round(options.timeoutMs / 1000)} s`,
    fix: "look what keeps this machine busy, and try again",
  });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
