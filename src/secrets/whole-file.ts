// Files are read whole and written whole: fsync and rename, so that nobody ever sees a part of one.
import { randomBytes } from "node:crypto";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Problem } from "../lib/problem.ts";
import { MAX_FILE_BYTES, tooLarge } from "./formats.ts";

const NEW_FILE_MODE = 0o644;

/** The text of a file; undefined when it does not exist. Throws Problem when it is not UTF-8 or too large. */
export async function readWhole(path: string): Promise<string | undefined> {
  try {
    if ((await stat(path)).size > MAX_FILE_BYTES)
      throw tooLarge(path, `is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readFile(path));
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    if (isMissing(cause)) return undefined;
    const what = cause instanceof TypeError ? "is not UTF-8 text" : "cannot be read";
    throw new Problem({ code: "secret", where: path, what, fix: "check the file and its permissions", cause });
  }
}

/** Replaces a file as one step, if it still holds `before` (undefined: if it does not exist). */
export async function writeWhole(path: string, text: string, before: string | undefined): Promise<void> {
  const mode = before === undefined ? NEW_FILE_MODE : (await stat(path)).mode & 0o777;
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.new`);
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(text, "utf8");
      await file.sync();
    } finally {
      await file.close();
    }
    if ((await readWhole(path)) !== before) throw changedMeanwhile(path);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true });
    if (cause instanceof Problem) throw cause;
    const fix = "free space or correct the permissions; the file is as it was";
    throw new Problem({ code: "secret", where: path, what: "cannot be written", fix, cause });
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function changedMeanwhile(path: string): Problem {
  const fix = "nothing was written; look at the other change and run the command again";
  return new Problem({ code: "stale", where: path, what: "was changed by somebody else meanwhile", fix });
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOENT";
}
