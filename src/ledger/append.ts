// Appends to a ledger, for a process that starts, writes and ends (the guard). Only node: and lib are imported here and
// below, nothing that costs time to load.
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { Problem } from "../lib/problem.ts";
import { encodeEntry, MAX_LINE_BYTES, sha256, type Digest, type LedgerRecord, type Receipt } from "./entry.ts";
import { lockSync, mustStillHold, unlock, type Lock } from "./lock.ts";
import { readTail, segmentName, type Tail } from "./segment.ts";

/** For the guard, which has no other door to this room (it must start fast). */
export { readTail };

export type AppendOptions = {
  /** Wall clock, milliseconds since the epoch. */
  readonly now: number;
  /** How long to wait for other writers. */
  readonly waitMs: number;
  /** A segment of this size gets no more entries. */
  readonly maxSegmentBytes?: number | undefined;
  /** For whoever lives long enough to load a faster one. */
  readonly digest?: Digest | undefined;
};

const MAX_SEGMENT_BYTES = 8 * 1024 * 1024;

/**
 * Appends records, in order, and returns when they are on the disk.
 * Throws Problem when the lock cannot be had in time, the end of the ledger is damaged or the disk refuses; then none of
 * the records counts as written.
 */
export function appendSync(dir: string, records: readonly LedgerRecord[], options: AppendOptions): Receipt[] {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const lock = lockSync(dir, options.waitMs);
  try {
    const written = writeEntries(lock, records, options);
    try {
      fdatasyncSync(written.fd);
    } finally {
      closeSync(written.fd);
    }
    return written.receipts;
  } finally {
    unlock(lock);
  }
}

/** Writes under the lock but does not yet flush: the caller flushes `fd`, closes it and only then unlocks. */
export function writeEntries(
  lock: Lock,
  records: readonly LedgerRecord[],
  options: AppendOptions,
): { readonly fd: number; readonly receipts: Receipt[] } {
  const tail = readTail(lock.dir);
  const { lines, receipts } = chain(tail, records, options);
  mustStillHold(lock);
  for (const path of tail.stillborn) unlinkSync(path);
  const target = openTarget(lock.dir, tail, options);
  try {
    if (tail.torn.length > 0) ftruncateSync(target.fd, target.endBytes);
    writeAll(target, Buffer.from(lines.join("")));
    if (target.isNew) syncFolder(lock.dir);
  } catch (error) {
    closeSync(target.fd);
    throw error;
  }
  return { fd: target.fd, receipts };
}

function chain(
  tail: Tail,
  records: readonly LedgerRecord[],
  { now, digest }: AppendOptions,
): { lines: string[]; receipts: Receipt[] } {
  const at = new Date(now).toISOString();
  const lines: string[] = [];
  const receipts: Receipt[] = [];
  let last: Receipt = tail;
  const { torn } = tail;
  for (const record of records) {
    const healed = torn.length > 0 && receipts.length === 0 ? { bytes: torn.length, digest: sha256(torn) } : undefined;
    const { line, receipt } = encodeEntry({ seq: last.seq + 1, at, prev: last.hash, record, healed }, digest);
    if (Buffer.byteLength(line) > MAX_LINE_BYTES) throw new TypeError(`ledger record over ${MAX_LINE_BYTES} bytes`);
    lines.push(line);
    receipts.push(receipt);
    last = receipt;
  }
  return { lines, receipts };
}

type Target = { readonly fd: number; readonly endBytes: number; readonly isNew: boolean; readonly path: string };

function openTarget(dir: string, tail: Tail, options: AppendOptions): Target {
  const day = new Date(options.now).toISOString().slice(0, 10);
  const { last } = tail;
  const full = last !== undefined && last.endBytes >= (options.maxSegmentBytes ?? MAX_SEGMENT_BYTES);
  // A clock set back does not start a segment: names must sort as the chain runs.
  if (last !== undefined && !full && day <= last.segment.day) {
    return { fd: openSync(last.segment.path, "a"), endBytes: last.endBytes, isNew: false, path: last.segment.path };
  }
  if (last !== undefined && tail.torn.length > 0) cutTorn(last.segment.path, last.endBytes);
  const path = join(
    dir,
    segmentName(tail.seq + 1, last !== undefined && last.segment.day > day ? last.segment.day : day),
  );
  return { fd: openSync(path, "ax", 0o600), endBytes: 0, isNew: true, path };
}

function cutTorn(path: string, endBytes: number): void {
  const fd = openSync(path, "a");
  try {
    ftruncateSync(fd, endBytes);
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeAll(target: Target, bytes: Buffer): void {
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(target.fd, bytes, done);
  } catch (error) {
    ftruncateSync(target.fd, target.endBytes);
    throw new Problem({
      code: "ledger",
      where: target.path,
      what: `could not be written: ${error instanceof Error ? error.message : String(error)}`,
      fix: "make room on the disk, then run the command again",
      cause: error,
    });
  }
}

function syncFolder(dir: string): void {
  const fd = openSync(dir, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
