// The audit's ledger is written by a thread of its own: hashing, locking and flushing an entry costs as much as the rest of
// a request, and must hold up no stream. This file is both sides: the gateway's, and (as the thread's program) the other.
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { z } from "zod";
import { openLedger } from "../ledger/index.ts";
import { readRecord } from "./audit-record.ts";

const Batch = z.strictObject({
  dir: z.string(),
  /** The gateway's clock. */
  now: z.number(),
  /** The books that number the records. */
  book: z.string(),
  lines: z.array(z.strictObject({ n: z.number(), record: z.string() })),
});
export type Batch = z.infer<typeof Batch>;

/** The thread holds a batch at a time and nothing else. */
const LIMITS = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 32 };

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

async function write(message: unknown): Promise<void> {
  const { dir, now, book, lines } = Batch.parse(message);
  const ledger = openLedger(dir, { clock: { now: () => now } });
  await Promise.all(lines.map(async ({ n, record }) => await ledger.append({ ...readRecord(record), book, n })));
}

function reply(fault?: string): void {
  parentPort?.postMessage(fault, []);
}

if (!isMainThread) {
  parentPort?.on("message", (message: unknown) => {
    write(message).then(
      () => reply(),
      (error: unknown) => reply(error instanceof Error ? error.message : String(error)),
    );
  });
}
