// Each twin has a control group of its own at the top of the cgroup2 tree, so that two twins never share one, and so that
// the kernel can end all of a twin at once. The tree is mounted afresh in the holder: the machine itself may use cgroup v1.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output } from "./command.ts";
import type { Holder } from "./holder.ts";

const TREE = "/sys/fs/cgroup";

/** Makes the slot's group; answers with the controllers (memory, cpu, ...) that can limit what runs in the twin. */
export async function makeControlGroup(slot: number, holder: Holder): Promise<readonly string[]> {
  await output(holder.enter(["mount", "-t", "cgroup2", "none", TREE]));
  const group = `/proc/${holder.pid}/root${groupOf(slot)}`;
  mkdirSync(group);
  // nspawn takes the group that holds process 1's `init.scope` for the top of the tree.
  for (const leaf of ["init.scope", "twin"]) mkdirSync(join(group, leaf));
  writeFileSync(join(group, "init.scope/cgroup.procs"), String(holder.pid));
  const names = readFileSync(join(group, "cgroup.controllers"), "utf8").split(/\s+/);
  return names.filter((name) => name !== "" && enable(group, name));
}

/** A controller may be there and yet refuse (`cpu` does while real-time tasks run). */
function enable(group: string, controller: string): boolean {
  try {
    writeFileSync(join(group, "cgroup.subtree_control"), `+${controller}`);
    return true;
  } catch {
    return false;
  }
}

// The one place where a shell is needed: a process can only move itself before it becomes another program.
const JOIN = 'echo $$ >"$1/twin/cgroup.procs" && shift && exec "$@"';

/** argv that runs a program in the slot's group. */
export function joinControlGroup(slot: number, argv: readonly string[]): string[] {
  return ["sh", "-c", JOIN, "join", groupOf(slot), ...argv];
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
  const argv = ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", REMOVE, "remove", groupOf(slot)];
  await output(argv);
}

function groupOf(slot: number): string {
  return `${TREE}/demesne-lab-${slot}`;
}
