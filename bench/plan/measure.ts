// Wall clock of programs, in seconds.
import { run } from "../../src/lib/run.ts";

const LIMIT_MS = 30 * 60_000;

export type Measured = {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The exit status that counts as well done. */
  readonly status?: number;
};

/** Runs a program; throws when it ends otherwise than it should. */
export async function ended(argv: readonly string[], { cwd, env = {}, status = 0 }: Measured): Promise<void> {
  const { PATH = "/usr/bin:/bin", HOME = "/root" } = process.env;
  const result = await run(argv, { cwd, env: { PATH, HOME, ...env }, timeoutMs: LIMIT_MS });
  if (result.status === status) return;
  throw new Error(
    `${argv.slice(0, 6).join(" ")} ended with ${result.status}: ${result.stderr}${result.stdout.slice(-2000)}`,
  );
}

export async function stopwatch(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** The middle of `rounds` times; `before` runs outside the watch. */
export async function median(rounds: number, work: () => Promise<void>, before?: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await before?.();
    times.push(await stopwatch(work));
  }
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
}

/** The shortest of `rounds` times: a slow program is not made slower by chance. */
export async function best(rounds: number, work: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) times.push(await stopwatch(work));
  return Math.min(...times);
}
