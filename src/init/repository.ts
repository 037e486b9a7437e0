// The estate's git repository: begun, with one commit, unless the folder lies in one already.
import { Problem } from "../lib/problem.ts";
import { run, type RunResult } from "../lib/run.ts";

const TIMEOUT_MS = 60_000;

export type Repository = {
  /** committed: begun here, one commit; there: it has commits, or belongs to a folder above, and is left alone. */
  readonly kind: "committed" | "there";
};

/** Throws Problem `prerequisite` where git is not. */
export async function needGit(signal: AbortSignal): Promise<void> {
  const found = await run(["git", "--version"], { timeoutMs: TIMEOUT_MS, signal, env: environment() }).catch(
    (error: unknown) => {
      signal.throwIfAborted();
      return error;
    },
  );
  if (isResult(found) && found.status === 0) return;
  throw new Problem({
    code: "prerequisite",
    where: "git",
    what: "cannot be run, and an estate is kept in git",
    fix: "apt-get install git, then run the same command again",
    cause: found,
  });
}

/** Begins a repository and commits everything, unless there is one with commits or one above. */
export async function beginRepository(root: string, author: string, signal: AbortSignal): Promise<Repository> {
  const git = async (...args: readonly string[]): Promise<RunResult> =>
    await run(["git", "-C", root, ...args], { timeoutMs: TIMEOUT_MS, signal, env: environment() });
  const top = await git("rev-parse", "--show-toplevel", "--show-prefix");
  const isAbove = top.status === 0 && (top.stdout.split("\n")[1] ?? "") !== "";
  if (isAbove || (await git("rev-parse", "--verify", "--quiet", "HEAD")).status === 0) return { kind: "there" };
  if (top.status !== 0) await need(git("init", "--quiet", "--initial-branch=main"), "begun");
  await need(git("add", "--all"), "given its files");
  const isNamed = (await git("config", "user.email")).stdout.trim() !== "";
  const named = isNamed ? [] : ["-c", "user.name=operator", "-c", `user.email=${author}`];
  await need(
    git(...named, "commit", "--quiet", "--message", "Begin the estate, as demesne init writes it"),
    "committed",
  );
  return { kind: "committed" };
}

async function need(result: Promise<RunResult>, what: string): Promise<void> {
  const { status, stderr, timedOut } = await result;
  if (status === 0) return;
  const reason = timedOut ? "git did not end" : (stderr.trim().split("\n").at(-1) ?? "");
  throw new Problem({
    code: "failed",
    where: "git",
    what: `the repository cannot be ${what}: ${reason}`,
    fix: "put that right, then run the same command again: all files are there",
  });
}

/** git's own words in English, and no repository but the one that is named. */
function environment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX)$/.test(name));
  return {
    ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""])),
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
  };
}

function isResult(found: unknown): found is RunResult {
  return typeof found === "object" && found !== null && "status" in found;
}
