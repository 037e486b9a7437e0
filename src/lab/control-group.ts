// Each twin has a control group of its own at the top of the cgroup2 tree, so that two twins never share one, and so that
// the kernel can end all of a twin at once. The tree is mounted afresh in the holder: the machine itself may use cgroup v1.
import { output } from "./command.ts";
import type { Holder } from "./holder.ts";

const TREE = "/sys/fs/cgroup";

export function controlGroupOf(slot: number): string {
  return `${TREE}/demesne-lab-${slot}`;
}

export async function makeControlGroup(slot: number, holder: Holder): Promise<void> {
  await output(holder.enter(["mount", "-t", "cgroup2", "none", TREE]));
  await output(holder.enter(["mkdir", controlGroupOf(slot)]));
}

// The one place where a shell is needed: a process can only move itself before it becomes another program.
const JOIN = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"';

/** argv that runs a program in the slot's control group. */
export function joinControlGroup(slot: number, argv: readonly string[]): string[] {
  return ["sh", "-c", JOIN, "join", controlGroupOf(slot), ...argv];
}

// Groups are removed from the leaves up; the kernel needs a moment after the last process has gone.
const REMOVE = `
mount -t cgroup2 none ${TREE} || exit 0
[ -d "$1" ] || exit 0
echo 1 >"$1/cgroup.kill"
for try in $(seq 100); do
  find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
  [ -d "$1" ] || exit 0
  sleep 0.02
done
exit 1`;

/** Ends every process of the slot and removes its group; neither need exist. */
export async function removeControlGroup(slot: number): Promise<void> {
  await output([
    "unshare",
    "--mount",
    "--propagation",
    "private",
    "--",
    "sh",
    "-c",
    REMOVE,
    "remove",
    controlGroupOf(slot),
  ]);
}
