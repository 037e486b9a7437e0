// Where approvals are kept: .demesne/approvals/<plan's digest>/<principal>.sig in the estate, so that git carries them.
import { constants } from "node:fs";
import { mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digest } from "../lib/digest.ts";
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
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
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
  await mkdir(join(root, approvalsFolder(bytes)), { recursive: true });
  try {
    await writeFile(fresh, text, { mode: 0o644, flush: true });
    await rename(fresh, join(root, path));
  } finally {
    await rm(fresh, { force: true });
  }
  return path;
}
