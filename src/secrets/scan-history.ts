// Scans what every commit ever added, on every branch, and every commit's message.
import { gitBlocks, unquoted } from "./git.ts";
import type { Git } from "./git.ts";
import type { Hit } from "./scan-rules.ts";

export type HistoryHit = Hit & {
  readonly commit: string;
  /** Undefined: in the commit's message. */
  readonly path: string | undefined;
  readonly line: number;
  /** Text of the line the secret begins in, for waivers; never shown. */
  readonly text: string;
};

export type HistorySeen = { commits: number; bytes: number };

const MARK = "\u001e";
const LOG = [
  "log",
  "--all",
  "--patch",
  "--unified=0",
  "--cc",
  "--full-history",
  "--no-color",
  "--no-ext-diff",
  "--no-textconv",
  "--no-renames",
  "--src-prefix=a/",
  "--dst-prefix=b/",
  `--format=${MARK}%H%n%B`,
];
/** A secret longer than this across a block's end would be cut; the longest we know has a few thousand characters. */
const OVERLAP = 16 * 1024;

/** Calls `each` for every hit of `find` in added lines and messages. One pass; memory stays bounded. */
export async function scanHistory(
  git: Git,
  find: (text: string) => readonly Hit[],
  each: (hit: HistoryHit) => void,
): Promise<HistorySeen> {
  const seen: HistorySeen = { commits: 0, bytes: 0 };
  const place: Place = { commit: "", path: undefined, line: 0, isHunk: false };
  let rest = "";
  for await (const block of gitBlocks(git, LOG)) {
    seen.bytes += block.length;
    const text = rest + block;
    const cut = text.length > 2 * OVERLAP ? text.lastIndexOf("\n", text.length - OVERLAP) + 1 : 0;
    if (cut > 0) scanBlock(text, cut, place, find, each, seen);
    rest = cut > 0 ? text.slice(cut) : text;
  }
  scanBlock(rest, rest.length, place, find, each, seen);
  return seen;
}

/** Lines are counted within a hunk (and a message) only: a header may be cut from what follows it. */
type Place = { commit: string; path: string | undefined; line: number; isHunk: boolean };

/** Scans a text but tells only what begins before `end`; what follows comes again with the next block. */
function scanBlock(
  text: string,
  end: number,
  place: Place,
  find: (text: string) => readonly Hit[],
  each: (hit: HistoryHit) => void,
  seen: HistorySeen,
): void {
  const hits = find(text).filter((hit) => hit.at < end);
  let next = 0;
  let lineStart = 0;
  headers.lastIndex = 0;
  // Only lines that say where we are are looked at; the lines between them are counted when a hit asks.
  for (;;) {
    const found = headers.exec(text);
    const until = found === null || found.index >= end ? end : found.index;
    for (let hit = hits[next]; hit !== undefined && hit.at < until; hit = hits[next]) {
      tell(text, lineStart, hit, place, each);
      next += 1;
    }
    if (found === null || found.index >= end) break;
    lineStart = move(text, found.index, place, seen);
    headers.lastIndex = lineStart;
  }
  if (place.isHunk) place.line += countLines(text, lineStart, end);
}

const headers = new RegExp(String.raw`^(?:${MARK}[0-9a-f]{40,64}$|diff --(?:git|cc) |\+\+\+ |@@@* )`, "gm");

/** Takes in a header line and answers where the next line begins. */
function move(text: string, at: number, place: Place, seen: HistorySeen): number {
  const end = text.indexOf("\n", at);
  const line = text.slice(at, end < 0 ? text.length : end);
  if (line.startsWith(MARK)) {
    seen.commits += 1;
    Object.assign(place, { commit: line.slice(1), path: undefined, line: 1, isHunk: true });
  } else if (line.startsWith("diff --")) {
    Object.assign(place, {
      path: line.startsWith("diff --cc ") ? unquoted(line.slice(10)) : "",
      line: 0,
      isHunk: false,
    });
  } else if (line.startsWith("+++ ") && !place.isHunk) {
    place.path = unquoted(line.slice(4).replace(/\t$/, "")).replace(/^b\//, "");
  } else if (line.startsWith("@@")) {
    place.isHunk = true;
    place.line = Number(/\+(\d+)(?:,\d+)? @@/.exec(line)?.[1] ?? 1);
  }
  return end < 0 ? text.length : end + 1;
}

function tell(text: string, from: number, hit: Hit, place: Place, each: (hit: HistoryHit) => void): void {
  const start = text.lastIndexOf("\n", hit.at - 1) + 1;
  const isMessage = place.path === undefined;
  // Added lines only: in a merge's diff one of the first columns is a plus.
  if (!isMessage && !/^[ +]*\+/.test(text.slice(start, start + 2))) return;
  const end = text.indexOf("\n", hit.at);
  const line = place.line + countLines(text, from, start);
  each({ ...hit, commit: place.commit, path: place.path, line, text: text.slice(start, end < 0 ? text.length : end) });
}

/** Lines of the new file between two offsets: removed ones do not count. */
function countLines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at = text.indexOf("\n", at) + 1) {
    if (text[at] !== "-") count += 1;
    if (!text.includes("\n", at)) break;
  }
  return count;
}
