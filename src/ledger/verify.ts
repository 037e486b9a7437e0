// Checks a ledger from its first line to its last, and against checkpoints that were kept elsewhere. It never stops at a
// fault: what stands behind a broken line is looked at too.
import { GENESIS, type Receipt } from "./entry.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { MerkleTree } from "./merkle.ts";
import { readLines, type LedgerLine } from "./read.ts";
import { readPruned } from "./segment.ts";

export type Fault = { readonly where: string; readonly what: string };

export type LedgerReport = {
  readonly isSound: boolean;
  /** Number of entries, pruned ones included. */
  readonly size: number;
  readonly head: string;
  readonly root: string;
  /** Entries that were pruned: their content is gone, their hashes are still committed to. */
  readonly pruned: number;
  /** Bytes of a line that is being written, or whose writer was killed; the next append cuts them off and records it. */
  readonly tornBytes: number;
  readonly faults: readonly Fault[];
};

/** Throws only for what is not the ledger's content: a folder that cannot be read. */
export async function verifyLedger(
  dir: string,
  checkpoints: readonly Checkpoint[],
  signal?: AbortSignal,
): Promise<LedgerReport> {
  const pruned = readPruned(dir);
  const faults: Fault[] = [];
  const tree = new MerkleTree(pruned?.size, pruned?.peaks);
  const known = [...checkpoints, ...(pruned === undefined ? [] : [pruned.checkpoint])];
  let last: Receipt = { seq: pruned?.size ?? 0, hash: pruned?.head ?? GENESIS };
  let torn: { where: string; bytes: number } | undefined;
  const compare = (): void => {
    for (const checkpoint of known) {
      if (checkpoint.size === last.seq) faults.push(...differences(checkpoint, tree.root(), last.hash));
    }
  };
  compare();
  for await (const line of readLines(dir, signal)) {
    if (torn !== undefined) faults.push({ where: torn.where, what: "ends in the middle of a line, and more follows" });
    torn = line.kind === "torn" ? line : undefined;
    if (line.kind === "torn") continue;
    faults.push(...faultsOf(line, last));
    tree.add(line.kind === "entry" ? line.text : "");
    last = line.kind === "entry" ? line.entry : { seq: last.seq + 1, hash: "" };
    compare();
  }
  for (const checkpoint of known) faults.push(...outOfReach(checkpoint, last.seq, pruned?.size ?? 0));
  return {
    isSound: faults.length === 0,
    size: last.seq,
    head: last.hash,
    root: tree.root(),
    pruned: pruned?.size ?? 0,
    tornBytes: torn?.bytes ?? 0,
    faults,
  };
}

function faultsOf(line: LedgerLine, last: Receipt): Fault[] {
  const { where } = line;
  if (line.kind === "fault") return [{ where, what: line.fault }];
  const { seq, prev } = line.entry;
  const faults: Fault[] = [];
  if (seq !== last.seq + 1) faults.push({ where, what: `should be entry ${last.seq + 1}, is ${seq}` });
  // After a faulty line the chain cannot be compared; that line has its own fault.
  if (last.hash !== "" && prev !== last.hash) faults.push({ where, what: "does not follow the line before it" });
  if (line.isFirst && line.segment.firstSeq !== seq) faults.push({ where, what: "stands in a file named for another" });
  return faults;
}

function differences(checkpoint: Checkpoint, root: string, head: string): Fault[] {
  if (checkpoint.root === root && checkpoint.head === head) return [];
  return [
    { where: nameOf(checkpoint), what: "the ledger was rewritten: it is not the one this checkpoint was made of" },
  ];
}

function outOfReach(checkpoint: Checkpoint, size: number, pruned: number): Fault[] {
  const where = nameOf(checkpoint);
  if (checkpoint.size > size)
    return [{ where, what: `the ledger was cut: ${checkpoint.size - size} entries are missing` }];
  if (checkpoint.size < pruned) return [{ where, what: `cannot be compared: the first ${pruned} entries are pruned` }];
  return [];
}

function nameOf(checkpoint: Checkpoint): string {
  return `checkpoint ${checkpoint.origin} at ${checkpoint.size}`;
}
