// Names a process so that a reused pid is never taken for it: pid, its start time, and the boot it belongs to.
import { readFileSync } from "node:fs";
import * as z from "zod";

export const ProcessMark = z.strictObject({
  pid: z.int().positive().meta({ description: "Process id" }),
  start: z.string().meta({ description: "Start time in clock ticks since boot, from /proc/PID/stat" }),
  boot: z.string().meta({ description: "This machine's boot id" }),
});
export type ProcessMark = z.infer<typeof ProcessMark>;

/** The mark of a running process; undefined when there is none. */
export function markOf(pid: number): ProcessMark | undefined {
  const start = startOf(pid);
  return start === undefined ? undefined : { pid, start, boot: bootId() };
}

export function isAlive(mark: ProcessMark): boolean {
  return mark.boot === bootId() && startOf(mark.pid) === mark.start;
}

function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The program's name stands in parentheses and may hold anything; field 22 is counted behind it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
