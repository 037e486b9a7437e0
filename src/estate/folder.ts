// Reads the files of an estate: plain files inside its folder only, UTF-8, of a size that a person could have written.
import { lstat, open, readdir, realpath } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { constants } from "node:fs";
import { digest } from "../lib/digest.ts";
import type { Finding } from "./finding.ts";

export type EstateFolder = {
  /** Absolute, links resolved. */
  readonly root: string;
  /** Text of a file, or what is wrong with it. Every file read is kept for `inputs`. */
  read(file: string): Promise<string | Finding>;
  exists(file: string): Promise<boolean>;
  /** Names of the folders in a folder, sorted; none when it is not there. */
  folders(path: string): Promise<readonly string[]>;
  inputs(): readonly { path: string; digest: string }[];
};

const MAX_BYTES = 256 * 1024;

/** Opens the folder; throws the system's error when it cannot be entered. */
export async function openFolder(dir: string, signal: AbortSignal): Promise<EstateFolder> {
  const root = await realpath(dir);
  const digests = new Map<string, string>();
  return {
    root,
    read: async (file) => {
      signal.throwIfAborted();
      const bytes = await readInside(root, file);
      if (!(bytes instanceof Uint8Array)) return bytes;
      digests.set(file, digest(bytes));
      return decode(file, bytes);
    },
    exists: async (file) => (await lstatOrNothing(join(root, file))) !== undefined,
    folders: async (path) => await foldersIn(join(root, path)),
    inputs: () => [...digests].map(([path, sum]) => ({ path, digest: sum })).sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

async function readInside(root: string, file: string): Promise<Uint8Array | Finding> {
  const asked = join(root, file);
  try {
    const real = await realpath(asked);
    if (relative(root, real).split(sep)[0] === "..")
      return wrong(file, "should be inside the estate, is a link out of it");
    // Without O_NONBLOCK a named pipe would wait for its writer for ever.
    const handle = await open(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) return wrong(file, "should be a plain file");
      if (stat.size > MAX_BYTES) return wrong(file, `should be at most ${MAX_BYTES} bytes, is ${stat.size}`);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    return unreadable(file, error);
  }
}

function decode(file: string, bytes: Uint8Array): string | Finding {
  try {
    // A byte order mark stays: what is handed on is to the byte what was digested.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { ...wrong(file, "should be UTF-8 text"), fix: `save ${file} as UTF-8` };
  }
}

function unreadable(file: string, error: unknown): Finding {
  const code = codeOf(error);
  if (code === "ENOENT")
    return { ...wrong(file, "is missing"), fix: `write ${file}; examples/harbour has one to copy` };
  if (code === "ELOOP") return wrong(file, "should be a plain file, is a link to itself");
  if (code === "EACCES") return { ...wrong(file, "cannot be read: no permission"), fix: `chmod u+r ${file}` };
  if (code === "ENOTDIR") return wrong(file, "should be in a folder, the folder is a file");
  throw error;
}

function wrong(file: string, what: string): Finding {
  return { file, line: undefined, path: [], what, fix: `put a plain file at ${file}` };
}

async function lstatOrNothing(path: string): Promise<unknown> {
  try {
    return await lstat(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function foldersIn(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isFile())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  // Errors of the file system are NodeJS.ErrnoException; anything else has no code.
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
