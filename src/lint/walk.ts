// The files of an estate as they lie there: mode, size, and what the small ones hold.
import { lstat, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

export type EstateEntry = {
  /** Relative to the estate. */
  readonly path: string;
  readonly isFolder: boolean;
  /** Permission bits. */
  readonly mode: number;
  /** Undefined for a folder, a large or a binary file. */
  readonly text: string | undefined;
};

/** What Demesne, git and package managers keep for themselves. */
const leftOut = new Set([".git", ".demesne", "node_modules"]);
const MAX_BYTES = 256 * 1024;
/** Open files. */
const AT_ONCE = 64;

/** Everything below the folder, sorted; links are not followed. */
export async function walk(root: string, signal: AbortSignal): Promise<readonly EstateEntry[]> {
  const visit = async (folder: string): Promise<readonly EstateEntry[]> => {
    signal.throwIfAborted();
    // What may not be looked into is not ours either; what the loader needs of it, it misses by name.
    const names = (await readdir(join(root, folder)).catch(() => [])).filter((name) => !leftOut.has(name)).sort();
    const entries: EstateEntry[] = [];
    for (let first = 0; first < names.length; first += AT_ONCE) {
      const some = names.slice(first, first + AT_ONCE);
      const found = await Promise.all(some.map(async (name) => await entryAt(root, join(folder, name))));
      entries.push(...found.filter((entry) => entry !== undefined));
    }
    const below: EstateEntry[] = [];
    for (const entry of entries) below.push(entry, ...(entry.isFolder ? await visit(entry.path) : []));
    return below;
  };
  return await visit("");
}

async function entryAt(root: string, path: string): Promise<EstateEntry | undefined> {
  // It may be gone since its name was read.
  const stat = await lstat(join(root, path)).catch(() => undefined);
  if (stat === undefined) return undefined;
  if (!stat.isFile() && !stat.isDirectory()) return undefined;
  const mode = stat.mode & 0o7777;
  if (stat.isDirectory() || stat.size > MAX_BYTES) return { path, isFolder: stat.isDirectory(), mode, text: undefined };
  // What cannot be read is told by whoever needs it: the estate's loader.
  const bytes = await readFile(join(root, path)).catch(() => Buffer.alloc(0));
  return { path, isFolder: false, mode, text: bytes.includes(0) ? undefined : bytes.toString("utf8") };
}
