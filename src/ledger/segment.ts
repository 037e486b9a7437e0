// The files of a ledger: `<first seq>-<day>.jsonl`, a new one each day (UTC) or when the last is full, so that old ones
// can be pruned whole. This file finds the end of the chain without reading it all.
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../lib/problem.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { decodeLine, GENESIS, MAX_LINE_BYTES } from "./entry.ts";

export type Segment = { readonly path: string; readonly firstSeq: number; readonly day: string };

/** The end of the chain, and what stands behind it that was never answered for. */
export type Tail = {
  readonly seq: number;
  readonly hash: string;
  /** The segment that holds the last entry, and where that entry ends in it. */
  readonly last: { readonly segment: Segment; readonly endBytes: number } | undefined;
  /** Bytes of a torn line after the last entry. */
  readonly torn: Buffer;
  /** Segments without one whole line: their writer died at once. */
  readonly stillborn: readonly string[];
};

/** What is left of pruned segments: where the chain goes on from. */
export type Pruned = {
  readonly format: 1;
  readonly size: number;
  readonly head: string;
  /** RFC 6962 hashes (hex) of the full subtrees over the pruned entries, largest first. */
  readonly peaks: readonly string[];
  /** The checkpoint that covered them. */
  readonly checkpoint: Checkpoint;
};

const NAME = /^(\d{12})-(\d{4}-\d{2}-\d{2})\.jsonl$/;

export function segmentName(firstSeq: number, day: string): string {
  return `${String(firstSeq).padStart(12, "0")}-${day}.jsonl`;
}

export function listSegments(dir: string): Segment[] {
  const segments: Segment[] = [];
  for (const name of readdirSync(dir).sort()) {
    const [, seq, day] = NAME.exec(name) ?? [];
    if (seq !== undefined && day !== undefined) segments.push({ path: join(dir, name), firstSeq: Number(seq), day });
  }
  return segments;
}

/** Reads the end of the chain. Throws Problem when the last whole line is damaged: nothing may be appended to that. */
export function readTail(dir: string): Tail {
  const segments = listSegments(dir);
  const stillborn: string[] = [];
  let torn: Buffer = Buffer.alloc(0);
  for (const segment of segments.toReversed()) {
    const end = readEnd(segment.path);
    torn = Buffer.concat([end.torn, torn]);
    if (end.line !== undefined) {
      const decoded = decodeLine(end.line);
      if (decoded.kind === "fault") throw damaged(segment.path, decoded.fault);
      const { seq, hash } = decoded.entry;
      return { seq, hash, last: { segment, endBytes: end.endBytes }, torn, stillborn };
    }
    stillborn.push(segment.path);
  }
  const pruned = readPruned(dir);
  return { seq: pruned?.size ?? 0, hash: pruned?.head ?? GENESIS, last: undefined, torn, stillborn };
}

export function readPruned(dir: string): Pruned | undefined {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own file, and zod would slow the guard's start
    return JSON.parse(readFileSync(join(dir, "pruned.json"), "utf8")) as Pruned;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw damaged(join(dir, "pruned.json"), "is not JSON");
  }
}

function readEnd(path: string): { line: string | undefined; endBytes: number; torn: Buffer } {
  const fd = openSync(path, "r");
  try {
    const size = fstatSync(fd).size;
    // Room for a whole last line and a torn one behind it.
    for (let want = 16 * 1024; ; want = Math.min(want * 8, 2 * MAX_LINE_BYTES + 2)) {
      const start = Math.max(0, size - want);
      const bytes = readAt(fd, start, size - start);
      const end = bytes.lastIndexOf(0x0a) + 1;
      const before = end === 0 ? -1 : bytes.lastIndexOf(0x0a, end - 2);
      const found = end > 0 && (before >= 0 || start === 0);
      if (found) {
        const line = bytes.toString("utf8", before + 1, end - 1);
        return { line, endBytes: start + end, torn: bytes.subarray(end) };
      }
      if (start === 0) return { line: undefined, endBytes: 0, torn: bytes };
      if (want > 2 * MAX_LINE_BYTES) throw damaged(path, "ends with a line longer than any that is written");
    }
  } finally {
    closeSync(fd);
  }
}

function readAt(fd: number, start: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, bytes, filled, length - filled, start + filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

function damaged(where: string, what: string): Problem {
  return new Problem({
    code: "ledger",
    where,
    what: `the last line ${what}`,
    fix: "run verify, compare with the last checkpoint, and move the damaged ledger aside before starting a new one",
  });
}
