// Writes new files, each whole or not at all, and never over one that is there. Stopped anywhere, it can be run again.
import { link, lstat, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Problem } from "../lib/problem.ts";

/** Where files lie until they are whole; on the estate's own disk, so that they can be moved. */
export const STAGING = ".demesne/init.new";

/** Writes a file unless something is at its place; tells whether it did. Throws Problem `failed` when it cannot. */
export async function writeNew(root: string, path: string, text: string, mode = 0o644): Promise<boolean> {
  const place = join(root, path);
  if (await isThere(place)) return false;
  const staged = join(root, STAGING, "file");
  try {
    await mkdir(dirname(staged), { recursive: true, mode: 0o755 });
    await mkdir(dirname(place), { recursive: true, mode: 0o755 });
    await rm(staged, { force: true });
    await writeFile(staged, text, { mode, flush: true, flag: "wx" });
    return await move(staged, place);
  } catch (cause) {
    throw unwritable(place, cause);
  }
}

/** A link is refused where something stands; a disk without links gets a rename after one more look. */
async function move(staged: string, place: string): Promise<boolean> {
  try {
    await link(staged, place);
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EOPNOTSUPP") throw error;
    if (await isThere(place)) return false;
    await rename(staged, place);
  }
  await rm(staged, { force: true });
  return true;
}

export async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

function unwritable(where: string, cause: unknown): unknown {
  const code = codeOf(cause);
  if (code === undefined) return cause;
  const reasons: Readonly<Record<string, string>> = {
    EACCES: "no permission",
    EROFS: "the disk is read-only",
    ENOSPC: "the disk is full",
    ENOTDIR: "a file stands where a folder should be",
  };
  const what = `cannot be written: ${reasons[code] ?? code}`;
  const fix = "put that right, then run the same command again: it goes on where it stopped";
  return new Problem({ code: "failed", where, what, fix, cause });
}
