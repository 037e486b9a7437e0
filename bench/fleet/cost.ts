// What a run costs: its wall clock, its processor time here (with all that it starts), and that of the hosts' sshd (likewise).
// Fifty hosts share this machine's processors, which real ones do not: so the times of both sides stand apart.
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../src/lib/run.ts";
import type { Fleet } from "./hosts.ts";

export type Cost = { readonly wall: number; readonly here: number; readonly hosts: number };

const TICKS_A_SECOND = 100;
const LIMIT_MS = 15 * 60_000;
/** bash says what all children cost that were waited for, and theirs. */
const TIMED = 'TIMEFORMAT="%R %U %S"; { time "$@" 2>&4; } 4>&2 2>&3';

export type Costed = {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Exit statuses that count as well done. */
  readonly statuses: readonly number[];
};

export async function costOf(fleet: Fleet, argv: readonly string[], { cwd, env, statuses }: Costed): Promise<Cost> {
  const { PATH = "/usr/bin:/bin" } = process.env;
  const before = hostTime(fleet);
  const shell = ["bash", "-c", `exec 3>&1 >/dev/null; ${TIMED}`, "cost", ...argv];
  const result = await run(shell, { cwd, env: { PATH, ...env, LC_ALL: "C" }, timeoutMs: LIMIT_MS });
  if (!statuses.includes(result.status ?? -1))
    throw new Error(`${argv.slice(0, 4).join(" ")} ended with ${result.status}: ${result.stderr.slice(-2000)}`);
  const [wall = Number.NaN, user = Number.NaN, system = Number.NaN] = result.stdout.trim().split(" ").map(Number);
  // A session ends a moment after its client.
  await sleep(300);
  return { wall, here: user + system, hosts: hostTime(fleet) - before };
}

/** The round with the middle wall clock. */
export function middle(costs: readonly Cost[]): Cost {
  const sorted = [...costs].sort((a, b) => a.wall - b.wall);
  return sorted[Math.floor(sorted.length / 2)] ?? { wall: Number.NaN, here: Number.NaN, hosts: Number.NaN };
}

/** Seconds that the listeners and everything that they have waited for have run. */
function hostTime({ holder }: Fleet): number {
  const ticks = readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) => listenerTicks(pid, readlinkSync(`/proc/${holder.pid}/ns/pid`)));
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS_A_SECOND;
}

/** Fields 14 to 17 of its stat: its own time and that of children, in user and in kernel mode. */
function listenerTicks(pid: string, fleet: string): number {
  try {
    if (readlinkSync(`/proc/${pid}/ns/pid`) !== fleet) return 0;
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Of what sshd starts, each has another name; it is counted when it was waited for.
    if (!text.includes("(sshd)")) return 0;
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0);
  } catch {
    // It has ended.
    return 0;
  }
}
