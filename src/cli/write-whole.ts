// Writes a file of the operator's whole or not at all, and says in words why it cannot.
import { realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { getSystemErrorMessage } from "node:util";
import { Problem } from "../lib/problem.ts";

/** Throws Problem `failed` when it cannot be written; what stood there before is then still there. */
export async function writeWhole(path: string, text: string, mode = 0o644): Promise<void> {
  const place = await realpath(path).catch(() => path);
  const fresh = `${place}.${process.pid}.new`;
  try {
    // A terminal or a pipe has no beside.
    if (!(await isPlain(place))) return await writeFile(place, text, { mode });
    await writeFile(fresh, text, { mode, flush: true });
    await rename(fresh, place);
  } catch (cause) {
    await rm(fresh, { force: true }).catch(() => {});
    throw unwritable(path, cause);
  }
}

async function isPlain(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => true,
  );
}

function unwritable(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error && "errno" in cause && typeof cause.errno === "number")) return cause;
  const what = `cannot be written: ${getSystemErrorMessage(cause.errno)}`;
  return new Problem({ code: "failed", where: path, what, fix: "name another place, or make room in this one", cause });
}
