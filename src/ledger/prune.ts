// Removes old segments for good (retention), so that what is left can still be checked: the hashes of what went are kept
// as the peaks of their Merkle tree, together with the checkpoint that covers them.
import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "../lib/canonical-json.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { mustStillHold, sweep, unlock } from "./lock.ts";
import { lock } from "./lock-async.ts";
import { MerkleTree } from "./merkle.ts";
import { readLines } from "./read.ts";
import { listSegments, readPruned, type Pruned, type Segment } from "./segment.ts";
import { unsound } from "./unsound.ts";
import { verifyLedger } from "./verify.ts";

/** Throws Problem `ledger` when the ledger is not sound or not the checkpoint's. Safe to be killed at any moment. */
export async function prune(
  dir: string,
  checkpoint: Checkpoint,
  waitMs: number,
  signal?: AbortSignal,
): Promise<number> {
  const report = await verifyLedger(dir, [checkpoint], signal);
  if (!report.isSound) throw unsound(dir, report.faults);
  const covered = coveredSegments(dir, checkpoint.size);
  const size = covered.nextSeq - 1;
  if (covered.segments.length === 0 || size <= report.pruned) return 0;
  const pruned = await summarise(dir, size, checkpoint, signal);
  const held = await lock(dir, waitMs, signal);
  try {
    mustStillHold(held);
    writeWhole(dir, "pruned.json", `${canonicalJson(pruned)}\n`);
    for (const segment of covered.segments) unlinkSync(segment.path);
    sweep(held);
  } finally {
    unlock(held);
  }
  return size - report.pruned;
}

/** Never the last segment: appends go on there. */
function coveredSegments(dir: string, size: number): { segments: Segment[]; nextSeq: number } {
  const all = listSegments(dir);
  const kept = all.findIndex((_, index) => (all[index + 1]?.firstSeq ?? Number.POSITIVE_INFINITY) > size + 1);
  return { segments: all.slice(0, Math.max(kept, 0)), nextSeq: all[kept]?.firstSeq ?? 1 };
}

async function summarise(dir: string, size: number, checkpoint: Checkpoint, signal?: AbortSignal): Promise<Pruned> {
  const before = readPruned(dir);
  const tree = new MerkleTree(before?.size, before?.peaks);
  let head = before?.head ?? "";
  for await (const line of readLines(dir, signal)) {
    if (line.kind !== "entry" || line.entry.seq > size) break;
    tree.add(line.text);
    head = line.entry.hash;
  }
  return { format: 1, size, head, peaks: tree.peaks, checkpoint };
}

function writeWhole(dir: string, name: string, text: string): void {
  const fd = openSync(join(dir, `${name}.new`), "w", 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(join(dir, `${name}.new`), join(dir, name));
}
