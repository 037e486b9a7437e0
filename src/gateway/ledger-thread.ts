// The audit's ledger is written by a thread of its own: hashing, locking and flushing an entry costs as much as the rest of
// a request, and must hold up no stream. This file is both sides: the gateway's, and (as the thread's program) the other.
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { appendSync } from "../ledger/append.ts";
import { digest } from "../lib/digest.ts";
import { readRecord } from "./audit-record.ts";

/** Copied to the thread as it is. */
export type Batch = {
  readonly dir: string;
  /** The gateway's clock. */
  readonly now: number;
  /** The books that number the records. */
  readonly book: string;
  readonly lines: readonly { readonly n: number; readonly record: string }[];
};

/** The thread holds a batch at a time and nothing else. */
const LIMITS = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 32 };

/** Most records written under one lock, so that other processes get their turn, and how long to wait for theirs. */
const UNDER_ONE_LOCK = 256;
const WAIT_MS = 10_000;

type Waiting = { readonly resolve: () => void; readonly reject: (error: Error) => void };

export class LedgerThread {
  #worker: Worker | undefined;
  #waiting: Waiting | undefined;

  /** Resolves when the whole batch is on the disk. One batch at a time. Throws when the ledger or the thread refuses. */
  async carry(batch: Batch): Promise<void> {
    const worker = (this.#worker ??= this.#start());
    await new Promise<void>((resolve, reject) => {
      this.#waiting = { resolve, reject };
      // Awaited work keeps the process alive, an idle thread does not.
      worker.ref();
      worker.postMessage(batch, []);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  #start(): Worker {
    const worker = new Worker(import.meta.filename, { resourceLimits: LIMITS });
    const settle = (fault: string | undefined): void => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      worker.unref();
      if (fault === undefined) waiting?.resolve();
      else waiting?.reject(new Error(fault));
    };
    worker.on("message", (fault: unknown) => settle(typeof fault === "string" ? fault : undefined));
    // A thread that died is started again with the next batch; the books know what was carried.
    const lost = (): void => {
      if (this.#worker === worker) this.#worker = undefined;
      settle("the ledger's thread ended");
    };
    worker.on("error", lost).on("exit", lost);
    worker.unref();
    return worker;
  }
}

function write({ dir, now, book, lines }: Batch): void {
  for (let at = 0; at < lines.length; at += UNDER_ONE_LOCK) {
    const records = lines.slice(at, at + UNDER_ONE_LOCK).map(({ n, record }) => ({ ...readRecord(record), book, n }));
    appendSync(dir, records, { now, waitMs: WAIT_MS, digest });
  }
}

function answerTo(batch: Batch): string | undefined {
  try {
    write(batch);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

if (!isMainThread) {
  parentPort?.on("message", (batch: Batch) => parentPort?.postMessage(answerTo(batch), []));
}
