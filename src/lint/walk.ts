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

/** Everything below the folder, sorted; links are not followed. */
export async function walk(root: string, signal: AbortSignal): Promise<readonly EstateEntry[]> {
  const visit = async (folder: string): Promise<readonly EstateEntry[]> => {
    signal.throwIfAborted();
    const names = (await readdir(join(root, folder))).filter((name) => !leftOut.has(name)).sort();
    const found = await Promise.all(names.map(async (name) => await entryAt(root, join(folder, name))));
    const entries = found.filter((entry) => entry !== undefined);
    const inside = await Promise.all(entries.map(async ({ isFolder, path }) => (isFolder ? await visit(path) : [])));
    return entries.flatMap((entry, index) => [entry, ...(inside[index] ?? [])]);
  };
  return await visit("");
}

async function entryAt(root: string, path: string): Promise<EstateEntry | undefined> {
  const stat = await lstat(join(root, path));
  if (!stat.isFile() && !stat.isDirectory()) return undefined;
  const mode = stat.mode & 0o7777;
  if (stat.isDirectory() || stat.size > MAX_BYTES) return { path, isFolder: stat.isDirectory(), mode, text: undefined };
  // What cannot be read is told by whoever needs it: the estate's loader.
  const bytes = await readFile(join(root, path)).catch(() => Buffer.alloc(0));
  return { path, isFolder: false, mode, text: bytes.includes(0) ? undefined : bytes.toString("utf8") };
}
