// Runs one of this machine's programs for the lab; a failure is told with the program's own words.
import { Problem } from "../lib/problem.ts";
import { run, type RunOptions } from "../lib/run.ts";

const PLAIN = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8", HOME: "/root" };

/** The environment every program of the lab gets: nothing of the caller's leaks into a twin. */
export const plainEnv: Readonly<Record<string, string>> = PLAIN;

/** Standard output of `argv`. Throws Problem `failed` when it ends with anything but 0. */
export async function output(argv: readonly string[], options: Partial<RunOptions> = {}): Promise<string> {
  const result = await run(argv, { timeoutMs: 30_000, env: PLAIN, ...options });
  if (result.status === 0) return result.stdout;
  const words = result.stderr.trim() === "" ? result.stdout : result.stderr;
  const last = words.trim().split("\n").slice(-5).join("; ");
  throw new Problem({
    code: "failed",
    where: `lab: ${argv.slice(0, 6).join(" ")}`,
    what: result.timedOut ? "did not end in time" : `ended with ${result.status ?? "a signal"}: ${last}`,
    fix: "run the same command as root to see why",
  });
}
