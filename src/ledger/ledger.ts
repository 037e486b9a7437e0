// A ledger held open by a process that lives: appends that come together share one lock and one flush.
import { closeSync, fdatasync, mkdirSync } from "node:fs";
import { promisify } from "node:util";
import { digest } from "../lib/digest.ts";
import type { Clock } from "../lib/ports.ts";
import { writeEntries } from "./append.ts";
import { parseCheckpoint, printCheckpoint } from "./checkpoint.ts";
import type { LedgerEntry, LedgerRecord, Receipt } from "./entry.ts";
import { unlock } from "./lock.ts";
import { lock } from "./lock-async.ts";
import { prune } from "./prune.ts";
import { readLines } from "./read.ts";
import { unsound } from "./unsound.ts";
import { verifyLedger, type LedgerReport } from "./verify.ts";

const flush = promisify(fdatasync);

/** Most records written under one lock, so that other processes get their turn. */
const MAX_BATCH = 256;

export type LedgerOptions = {
  readonly clock?: Clock | undefined;
  /** How long an append waits for other writers before it fails. */
  readonly waitMs?: number | undefined;
  readonly maxSegmentBytes?: number | undefined;
};

type Waiting = {
  readonly record: LedgerRecord;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (reason: unknown) => void;
};

class Ledger {
  readonly dir: string;
  readonly #options: LedgerOptions;
  #waiting: Waiting[] = [];
  #isWriting = false;

  constructor(dir: string, options: LedgerOptions) {
    this.dir = dir;
    this.#options = options;
  }

  /**
   * Appends a record; resolves when it is on the disk. Records appended one after the other stand in that order.
   * Throws TypeError when the record is not JSON, Problem `ledger` when the lock, the ledger's end or the disk refuses.
   */
  append(record: LedgerRecord): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, resolve, reject });
      if (!this.#isWriting) void this.#write();
    });
  }

  /** The entries from `fromSeq` on. Throws Problem `ledger` at a damaged line; a line being written is left out. */
  async *read(options: { readonly fromSeq?: number; readonly signal?: AbortSignal } = {}): AsyncGenerator<LedgerEntry> {
    for await (const line of readLines(this.dir, options.signal)) {
      if (line.kind === "fault") throw unsound(this.dir, [{ where: line.where, what: line.fault }]);
      if (line.kind === "entry" && line.entry.seq >= (options.fromSeq ?? 1)) yield line.entry;
    }
  }

  /** Checks the whole chain, and against checkpoints (their text) kept elsewhere. Faults are data in the report. */
  async verify(checkpoints: readonly string[] = [], signal?: AbortSignal): Promise<LedgerReport> {
    const parsed = checkpoints.map((text, index) => parseCheckpoint(text, `checkpoint ${index + 1}`));
    return await verifyLedger(this.dir, parsed, signal);
  }

  /** The text of a checkpoint over all that is there now. Throws Problem `ledger` when the ledger is not sound. */
  async checkpoint(origin: string, signal?: AbortSignal): Promise<string> {
    const report = await this.verify([], signal);
    if (!report.isSound) throw unsound(this.dir, report.faults);
    return printCheckpoint({ origin, size: report.size, root: report.root, head: report.head });
  }

  /** Removes the segments that a checkpoint covers whole, and keeps the checkpoint. Answers how many entries went. */
  async prune(checkpoint: string, signal?: AbortSignal): Promise<number> {
    return await prune(this.dir, parseCheckpoint(checkpoint, "checkpoint"), this.#waitMs, signal);
  }

  get #waitMs(): number {
    return this.#options.waitMs ?? 10_000;
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, MAX_BATCH);
      this.#waiting = this.#waiting.slice(MAX_BATCH);
      await this.#writeBatch(batch);
    }
    this.#isWriting = false;
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const receipts = await this.#appendAll(batch.map((waiting) => waiting.record));
      for (const [index, receipt] of receipts.entries()) batch[index]?.resolve(receipt);
    } catch (error) {
      // One record that is not JSON must not take the others with it.
      if (error instanceof TypeError && batch.length > 1) for (const one of batch) await this.#writeBatch([one]);
      else for (const waiting of batch) waiting.reject(error);
    }
  }

  async #appendAll(records: readonly LedgerRecord[]): Promise<Receipt[]> {
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    const { clock = Date, waitMs = this.#waitMs, maxSegmentBytes } = this.#options;
    const held = await lock(this.dir, waitMs);
    try {
      const { fd, receipts } = writeEntries(held, records, { now: clock.now(), waitMs, maxSegmentBytes, digest });
      try {
        await flush(fd);
      } finally {
        closeSync(fd);
      }
      return receipts;
    } finally {
      unlock(held);
    }
  }
}

export type { Ledger };

/** A ledger in a folder, made with its first append (0700). Opening does no work and holds nothing. */
export function openLedger(dir: string, options: LedgerOptions = {}): Ledger {
  return new Ledger(dir, options);
}
