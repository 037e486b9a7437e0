// Scans the files of the working tree: those git knows, and those it would add; without git, all that are there.
import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { gitText } from "./git.ts";
import type { Git } from "./git.ts";

export type TreeFile = { readonly path: string; readonly text: string };

const MAX_BYTES = 16 * 1024 * 1024;

/** Every text file, one after the other. Links are not followed; files over 16 MiB are left out and told. */
export async function* treeFiles(
  git: Git,
  isPlainFolder: boolean,
  tooLarge: (path: string) => void,
): AsyncGenerator<TreeFile, void, undefined> {
  for (const path of isPlainFolder ? await filesBelow(git.folder) : await gitFiles(git)) {
    git.signal?.throwIfAborted();
    const bytes = await read(join(git.folder, path));
    if (bytes === undefined) continue;
    if (bytes === "large") tooLarge(path);
    else if (!bytes.subarray(0, 8192).includes(0)) yield { path, text: bytes.toString("latin1") };
  }
}

async function gitFiles(git: Git): Promise<string[]> {
  const listed = await gitText(git, ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]);
  const names = listed.split("\0").filter((part) => part !== "");
  return names.map((name) => Buffer.from(name, "latin1").toString("utf8"));
}

/** Sorted, so that findings come in the same order everywhere. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
}

/** Undefined for what is no file: a link, a folder of another repository, a file deleted but not yet from the index. */
async function read(path: string): Promise<Buffer | "large" | undefined> {
  // O_NOFOLLOW, so that a link cannot lead the scan out of the repository.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (file === undefined) return undefined;
  try {
    const { size, isFile } = await file.stat().then((stat) => ({ size: stat.size, isFile: stat.isFile() }));
    if (!isFile) return undefined;
    return size > MAX_BYTES ? "large" : await file.readFile();
  } finally {
    await file.close();
  }
}
