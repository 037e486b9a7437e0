// Searches files for a text, whatever their size; links are not followed, and only what was written since a time is read.
import { closeSync, constants, lstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";

export type FileSearch = {
  readonly holds: (text: string) => boolean;
  /** Older files are left out: they cannot hold what was made later. Milliseconds since the epoch. */
  readonly since?: number;
  /** Paths, as given with their folder, below which nothing is looked at. */
  readonly without?: (path: string) => boolean;
};

/** One for all files: most are small, and to make it takes longer than to read them. */
const block = Buffer.alloc(4 * 1024 * 1024);
/** What is searched for is shorter, so nothing is lost between two blocks. */
const OVERLAP = 64 * 1024;

/** Paths of all files below `folder` that hold it. A folder that is not there holds nothing. */
export function filesWith(folder: string, search: FileSearch): string[] {
  const { holds, since = 0, without = () => false } = search;
  return entriesOf(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (without(path)) return [];
    if (entry.isDirectory()) return filesWith(path, search);
    return entry.isFile() && isSince(path, since) && fileHolds(path, holds) ? [path] : [];
  });
}

/** Others work on this machine too: what has gone since it was listed is passed over. */
function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function isSince(path: string, since: number): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat !== undefined && Math.max(stat.ctimeMs, stat.mtimeMs) >= since;
}

function fileHolds(path: string, holds: (text: string) => boolean): boolean {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    let rest = "";
    for (;;) {
      const size = readSync(file, block, 0, block.length, null);
      if (size === 0) return false;
      const text = rest + block.toString("latin1", 0, size);
      if (holds(text)) return true;
      rest = text.slice(-OVERLAP);
    }
  } catch (error) {
    if (isUnreadable(error)) return false;
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Gone meanwhile, a link, or no file with a text: a namespace that is held by its name has none. */
function isUnreadable(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && ["ENOENT", "ELOOP", "EINVAL", "ENXIO"].includes(String(error.code))
  );
}
