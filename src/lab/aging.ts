// The cache forgets what nothing has asked for in a month. "Asked for" is the modification time, moved at each use.
import { readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";

const MONTH_MS = 30 * 24 * 60 * 60 * 1000;

/** Notes that `path` is in use now. */
export function touch(path: string, nowMs: number): void {
  utimesSync(path, nowMs / 1000, nowMs / 1000);
}

/** Removes the entries of a folder that have not been used for a month, but those that `keep` names. */
export function forgetUnused(folder: string, nowMs: number, keep: (name: string) => boolean = () => false): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const used = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? nowMs;
    if (nowMs - used > MONTH_MS && !keep(name)) rmSync(path, { recursive: true, force: true });
  }
}
