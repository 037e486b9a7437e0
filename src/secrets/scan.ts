// The secret scan of a repository: working tree, history, commit messages, decrypted twins, known values.
import type { Clock } from "../lib/ports.ts";
import type { Sensitive } from "../lib/sensitive.ts";
import { blobTexts, gitText, unquoted } from "./git.ts";
import type { Git } from "./git.ts";
import { scanHistory } from "./scan-history.ts";
import type { HistorySeen } from "./scan-history.ts";
import type { Hit } from "./scan-rules.ts";
import { secretsIn } from "./scan-text.ts";
import { treeFiles } from "./scan-tree.ts";
import { mayBeEncrypted, mayBeTwin, twinFinder } from "./scan-twins.ts";
import type { Candidate, Twin, TwinFinder } from "./scan-twins.ts";
import { valueFinder } from "./scan-values.ts";
import { hasExpired, passFor } from "./scan-waivers.ts";
import type { Baseline, Pass } from "./scan-waivers.ts";

export type SecretFinding = {
  readonly rule: string;
  readonly what: string;
  /** The file; for a commit's message `(message)`. */
  readonly path: string;
  readonly line: number;
  /** The commit that added it; undefined in the working tree. */
  readonly commit: string | undefined;
  /** For waivers; says nothing about the secret. */
  readonly fingerprint: string;
  readonly waived: Pass | undefined;
};

export type Scan = {
  readonly folder: string;
  /** Every branch's every commit too. */
  readonly isHistoryIncluded: boolean;
  /** Not in a repository: every file below it is scanned, and there is no history. */
  readonly isPlainFolder?: boolean | undefined;
  /** Opened values, to find decrypted copies by value. */
  readonly values?: readonly Sensitive[] | undefined;
  readonly baseline?: Baseline | undefined;
  readonly signal?: AbortSignal | undefined;
};

export type Scanned = {
  /** What must be looked at; waivers that have expired do not count. */
  readonly findings: readonly SecretFinding[];
  readonly waived: readonly SecretFinding[];
  /** Files over the size limit, which were not scanned. */
  readonly leftOut: readonly string[];
  readonly files: number;
  readonly commits: number;
  readonly bytes: number;
};

/** Scans; throws Problem when git cannot be read. A finding never holds the secret. */
export async function scanForSecrets(clock: Clock, scan: Scan): Promise<Scanned> {
  const git: Git = { folder: scan.folder, signal: scan.signal };
  const known = valueFinder(scan.values ?? []);
  const find = (text: string): readonly Hit[] =>
    known === undefined ? secretsIn(text) : merged(secretsIn(text), known(text));
  const found = new Map<string, SecretFinding>();
  const add = (hit: Hit, path: string, line: number, commit: string | undefined, text: string): void => {
    const fingerprint = [...(commit === undefined ? [] : [commit]), path, hit.rule, line].join(":");
    const pass = passFor(fingerprint, text, scan.baseline);
    const waived = pass !== undefined && !hasExpired(pass, clock.now()) ? pass : undefined;
    const { rule, what } = hit;
    found.set(fingerprint, { rule, what, path, line, commit, fingerprint, waived });
  };
  const twins = twinFinder();
  const isPlainFolder = scan.isPlainFolder === true;
  const gitFolder = isPlainFolder ? "" : (await gitText(git, ["rev-parse", "--absolute-git-dir"])).trim();
  const tree = await scanTree(git, isPlainFolder, find, twins, add);
  const history =
    scan.isHistoryIncluded && !isPlainFolder
      ? await scanCommits(
          { ...git, folder: Buffer.from(gitFolder, "latin1").toString(), isBare: true },
          find,
          twins,
          add,
        )
      : { commits: 0, bytes: 0 };
  const all = [...found.values()];
  return {
    findings: all.filter(({ waived }) => waived === undefined),
    waived: all.filter(({ waived }) => waived !== undefined),
    leftOut: tree.leftOut,
    files: tree.files,
    commits: history.commits,
    bytes: tree.bytes + history.bytes,
  };
}

type Add = (hit: Hit, path: string, line: number, commit: string | undefined, text: string) => void;
type Find = (text: string) => readonly Hit[];

async function scanTree(
  git: Git,
  isPlainFolder: boolean,
  find: Find,
  twins: TwinFinder,
  add: Add,
): Promise<{ files: number; bytes: number; leftOut: string[] }> {
  const leftOut: string[] = [];
  const candidates: Candidate[] = [];
  let [files, bytes] = [0, 0];
  for await (const { path, text } of treeFiles(git, isPlainFolder, (large) => leftOut.push(large))) {
    files += 1;
    bytes += text.length;
    for (const hit of find(text)) add(hit, path, lineAt(text, hit.at), undefined, lineText(text, hit.at));
    if (mayBeTwin(path) && !twins.learn({ path, text })) candidates.push({ path, text });
  }
  for (const candidate of candidates) {
    const twin = twins.judge(candidate);
    if (twin !== undefined) tellTwin(twin, undefined, candidate.text, add);
  }
  return { files, bytes, leftOut };
}

async function scanCommits(git: Git, find: Find, twins: TwinFinder, add: Add): Promise<HistorySeen> {
  const seen = await scanHistory(git, find, (hit) => add(hit, hit.path ?? "(message)", hit.line, hit.commit, hit.text));
  const blobs = await namedBlobs(git);
  for await (const file of namedTexts(git, blobs, mayBeEncrypted)) twins.learn(file);
  if (!twins.knowsAny()) return seen;
  // Read again rather than kept: history is larger than memory.
  for await (const file of namedTexts(git, blobs, mayBeTwin)) {
    const twin = twins.judge(file);
    if (twin !== undefined) tellTwin(twin, await commitOf(git, file.id, file.path), file.text, add);
  }
  return seen;
}

function tellTwin(twin: Twin, commit: string | undefined, text: string, add: Add): void {
  const what = `${twin.names} values of ${twin.of} in clear`;
  add({ rule: "decrypted-twin", what, at: 0, length: 0 }, twin.path, 1, commit, text.slice(0, 500));
}

/** The first commit that brought a blob to a path. */
async function commitOf(git: Git, id: string, path: string): Promise<string> {
  const listed = await gitText(git, ["log", "--all", "--format=%H", `--find-object=${id}`, "--", `:(literal)${path}`]);
  return listed.trim().split("\n").at(-1) ?? "";
}

/** Blobs of all history that can be read as names and values, with the paths they had. */
async function namedBlobs(git: Git): Promise<Map<string, Set<string>>> {
  const blobs = new Map<string, Set<string>>();
  const listed = await gitText(git, ["rev-list", "--objects", "--all"]);
  for (const line of listed.split("\n")) {
    const [, id = "", name = ""] = /^([0-9a-f]{40,64}) (.+)$/.exec(line) ?? [];
    const path = unquoted(name);
    if (id === "" || !mayBeTwin(path)) continue;
    blobs.set(id, (blobs.get(id) ?? new Set<string>()).add(path));
  }
  return blobs;
}

async function* namedTexts(
  git: Git,
  blobs: ReadonlyMap<string, ReadonlySet<string>>,
  fits: (path: string) => boolean,
): AsyncGenerator<Candidate & { id: string }> {
  const ids = [...blobs].filter(([, paths]) => [...paths].some(fits)).map(([id]) => id);
  for await (const { id, text } of blobTexts(git, ids)) {
    for (const path of blobs.get(id) ?? []) if (fits(path)) yield { id, path, text };
  }
}

function merged(a: readonly Hit[], b: readonly Hit[]): Hit[] {
  return [...a, ...b].sort((one, other) => one.at - other.at);
}

function lineAt(text: string, at: number): number {
  let line = 1;
  for (let found = text.indexOf("\n"); found >= 0 && found < at; found = text.indexOf("\n", found + 1)) line += 1;
  return line;
}

function lineText(text: string, at: number): string {
  const end = text.indexOf("\n", at);
  return text.slice(text.lastIndexOf("\n", at - 1) + 1, end < 0 ? text.length : end);
}
