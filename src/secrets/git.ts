// git, read only, and deaf to what a repository says about itself: attributes, drivers and replacements could hide a file.
import { spawn } from "node:child_process";
import { lstat, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Problem } from "../lib/problem.ts";

const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
/** No working tree, so that older gits read no attributes from it either. */
const BARE = ["-c", "core.bare=true"];
const SETTINGS = ["core.quotePath=true", "diff.renames=false", "log.showSignature=false", "core.fsmonitor=false"];

const MAX_BLOB_BYTES = 1024 * 1024;

export type Git = { readonly folder: string; readonly isBare?: boolean; readonly signal?: AbortSignal | undefined };

/** Whether a folder lies in a repository, told without git: one that git refuses to read is a repository all the same. */
export async function isInRepository(folder: string): Promise<boolean> {
  for (let here = await realpath(folder); ; here = dirname(here)) {
    const found = await lstat(join(here, ".git")).catch(() => undefined);
    if (found !== undefined) return true;
    if (here === dirname(here)) return false;
  }
}

/** The answer of a git command in blocks, as Latin-1 text: a byte a character, which is what offsets and speed want. */
export async function* gitBlocks(
  { folder, signal, isBare }: Git,
  args: readonly string[],
  input?: string,
): AsyncGenerator<string, void, undefined> {
  const settings = SETTINGS.flatMap((setting) => ["-c", setting]);
  const child = spawn("git", ["-C", folder, ...(isBare === true ? BARE : []), ...settings, "--no-pager", ...args], {
    env: {
      ...process.env,
      GIT_ATTR_SOURCE: EMPTY_TREE,
      GIT_NO_REPLACE_OBJECTS: "1",
      GIT_OPTIONAL_LOCKS: "0",
      LC_ALL: "C",
    },
    stdio: ["pipe", "pipe", "pipe"],
    signal,
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-2000)));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  // Awaited below; without this a failed start would count as unhandled before that.
  ended.catch(() => {});
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  try {
    for await (const chunk of child.stdout.setEncoding("latin1")) yield String(chunk);
    if ((await ended) !== 0) throw gitFailed(folder, complaint.trim());
  } catch (cause) {
    if (cause instanceof Problem || signal?.aborted === true) throw cause;
    throw gitFailed(folder, "git cannot be run");
  } finally {
    child.kill("SIGTERM");
  }
}

export async function gitText(git: Git, args: readonly string[], input?: string): Promise<string> {
  const blocks: string[] = [];
  for await (const block of gitBlocks(git, args, input)) blocks.push(block);
  return blocks.join("");
}

/** Blobs up to 1 MiB with their ids; larger ones are left out. */
export async function* blobTexts(git: Git, ids: readonly string[]): AsyncGenerator<{ id: string; text: string }> {
  if (ids.length === 0) return;
  let rest = "";
  for await (const block of gitBlocks(git, ["cat-file", "--batch"], `${ids.join("\n")}\n`)) {
    rest += block;
    for (;;) {
      const end = rest.indexOf("\n");
      const [, id = "", kind = "", size = ""] = /^(\S+) (\S+) (\d+)$/.exec(rest.slice(0, Math.max(end, 0))) ?? [];
      const next = end + 1 + Number(size) + 1;
      if (end < 0 || id === "" || rest.length < next) break;
      if (kind === "blob" && Number(size) <= MAX_BLOB_BYTES) yield { id, text: rest.slice(end + 1, next - 1) };
      rest = rest.slice(next);
    }
  }
}

/** A path as git quotes it, in UTF-8. */
export function unquoted(path: string): string {
  if (!path.startsWith('"')) return path;
  const bytes = path.slice(1, -1).replace(/\\([0-7]{3}|.)/g, (_, code: string) => {
    return code.length === 3 ? String.fromCodePoint(Number.parseInt(code, 8)) : (ESCAPES[code] ?? code);
  });
  return Buffer.from(bytes, "latin1").toString("utf8");
}

const ESCAPES: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", a: "\u0007", b: "\b", f: "\f", v: "\v" };

function gitFailed(folder: string, what: string): Problem {
  return new Problem({
    code: "prerequisite",
    where: folder,
    what,
    fix: "run it inside a git repository, with git 2.30 or later",
  });
}
