// Where approvals are kept: .demesne/approvals/<plan's digest>/<principal>.sig in the estate, so that git carries them.
import { constants } from "node:fs";
import { mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getSystemErrorMessage } from "node:util";
import { digest } from "../lib/digest.ts";
import { Problem } from "../lib/problem.ts";
import { judge, type JudgeInput, type SignatureFile, type Standing } from "./judge.ts";

const MAX_BYTES = 64 * 1024;
const MAX_FILES = 256;

/** How a plan stands with the approvals that are kept in the estate at `root`. */
export async function approvalsOf(
  root: string,
  input: Omit<JudgeInput, "files">,
): Promise<Standing & { folder: string }> {
  const files = await readApprovals(root, input.bytes);
  return { ...judge({ ...input, files }), folder: approvalsFolder(input.bytes) };
}

/** The folder of a plan's approvals, relative to the estate. */
function approvalsFolder(bytes: Uint8Array): string {
  return join(".demesne", "approvals", digest(bytes).replace(/^sha256:/, ""));
}

/** Every signature in the folder; what cannot be read as one is handed on as a text that is none. */
async function readApprovals(root: string, bytes: Uint8Array): Promise<readonly SignatureFile[]> {
  const folder = join(root, approvalsFolder(bytes));
  const names = await readdir(folder).catch((error: unknown) => {
    if (isErrno(error) && error.code === "ENOENT") return [];
    throw unusable(folder, "read", error);
  });
  const signatures = names.filter((name) => name.endsWith(".sig")).sort();
  return await Promise.all(
    signatures.slice(0, MAX_FILES).map(async (name) => ({ name, text: await readPlain(join(folder, name)) })),
  );
}

/** A link, a pipe or a large file is no signature. */
async function readPlain(path: string): Promise<string> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = await handle.stat();
      return found.isFile() && found.size <= MAX_BYTES ? await handle.readFile("utf8") : "";
    } finally {
      await handle.close();
    }
  } catch {
    return "";
  }
}

/** Answers the path, relative to the estate. A former signature of the same person is replaced. */
export async function keepApproval(root: string, bytes: Uint8Array, { name, text }: SignatureFile): Promise<string> {
  const path = join(approvalsFolder(bytes), name);
  const fresh = join(root, `${path}.${process.pid}.new`);
  try {
    await mkdir(join(root, approvalsFolder(bytes)), { recursive: true });
    await writeFile(fresh, text, { mode: 0o644, flush: true });
    await rename(fresh, join(root, path));
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => {});
    throw unusable(path, "written", error);
  }
  return path;
}

/** A full disk, a folder of somebody else's, a file in the folder's place. */
function unusable(where: string, verb: "read" | "written", cause: unknown): unknown {
  if (!isErrno(cause) || cause.errno === undefined) return cause;
  const what = `cannot be ${verb}: ${getSystemErrorMessage(cause.errno)}`;
  return new Problem({
    code: "failed",
    where,
    what,
    fix: "make it a folder that you may write to, with room in it",
    cause,
  });
}

/** Errors of the file system have a code and a number. */
function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error;
}
