// The audit: a record is committed with what it tells of (in one transaction, or in one line of the journal that becomes one),
// then carried to the ledger in order.
// Records hold who, what, where and how much; never content.
import { existsSync } from "node:fs";
import type { StatementSync } from "node:sqlite";
import type { Ledger, LedgerRecord } from "../ledger/index.ts";
import type { Clock } from "../lib/ports.ts";
import type { Books } from "./books.ts";
import type { LedgerThread } from "./ledger-thread.ts";
import type { Log } from "./log.ts";
import { Refusal } from "./refusal.ts";

/** Records carried at a time, and how long the first may wait for company: each batch costs the ledger one lock and flush. */
const BATCH = 512;
const GATHER_MS = 200;

/** When the ledger cannot be written, so many records may wait before nothing more is let through. */
const MAX_WAITING = 20_000;

const RETRY_MS = 2000;

type Waiting = { readonly n: number; readonly record: string };

export type AuditEffects = {
  readonly books: Books;
  readonly ledger: Ledger;
  readonly thread: LedgerThread;
  readonly clock: Clock;
  readonly log: Log;
};

export class Audit {
  readonly #effects: AuditEffects;
  readonly #insert: StatementSync;
  readonly #next: StatementSync;
  readonly #done: StatementSync;
  readonly #count: StatementSync;
  #waiting: number;
  #carrying: Promise<void> | undefined;
  #hurry: (() => void) | undefined;
  #isHurried = false;

  constructor(effects: AuditEffects) {
    this.#effects = effects;
    const { db } = effects.books;
    this.#insert = db.prepare("INSERT INTO outbox (record) VALUES (?)");
    this.#next = db.prepare("SELECT n, record FROM outbox ORDER BY n LIMIT ?");
    this.#done = db.prepare("DELETE FROM outbox WHERE n <= ?");
    this.#count = db.prepare("SELECT count(*) AS waiting FROM outbox");
    this.#waiting = Number(this.#count.get()?.["waiting"]);
  }

  /** Records that are committed and not yet in the ledger. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Throws Refusal (529) when the ledger has been out of reach for too long; `more` records are on their way here. */
  checkRoom(more: number): void {
    if (this.#waiting + more < MAX_WAITING) return;
    throw new Refusal("overloaded_error", "the audit ledger cannot be written", { "retry-after": "30" });
  }

  /** Inside a transaction. Throws Refusal (529) when the ledger has been out of reach for too long. */
  record(record: LedgerRecord): void {
    this.checkRoom(0);
    this.put(JSON.stringify(record));
  }

  /** Inside a transaction: a record that was let in before. */
  put(text: string): void {
    this.#insert.run(text);
    this.#effects.books.afterwards(() => {
      this.#waiting += 1;
      this.#start();
    });
  }

  /** After a start: records that were carried but not ticked off are found in the ledger and not carried twice. */
  async recover(): Promise<void> {
    const [first] = this.#batch(1);
    if (first === undefined) return;
    await this.#tickOff(await this.#lastCarried());
    this.#start();
  }

  async #lastCarried(): Promise<number> {
    const { ledger, books } = this.#effects;
    let last = 0;
    // Killed before its first batch: there is no ledger yet.
    if (!existsSync(ledger.dir)) return last;
    for await (const { record } of ledger.read()) {
      if (record["book"] === books.id && typeof record["n"] === "number") last = record["n"];
    }
    return last;
  }

  /** Resolves when nothing waits any more, or the ledger refuses. */
  async settled(): Promise<void> {
    this.#isHurried = true;
    this.#hurry?.();
    await this.#carrying;
    await this.#effects.thread.close();
  }

  #start(): void {
    this.#carrying ??= this.#carryAll();
  }

  async #carryAll(): Promise<void> {
    await this.#gather();
    for (let batch = this.#batch(BATCH); batch.length > 0; batch = this.#batch(BATCH)) {
      try {
        await this.#carry(batch);
      } catch {
        this.#effects.log({ event: "audit-late", waiting: this.#waiting });
        this.#carrying = undefined;
        this.#retryLater();
        return;
      }
      await this.#gather();
    }
    this.#carrying = undefined;
  }

  /** A part of what failed may have arrived, so the ledger is asked first. */
  #retryLater(): void {
    setTimeout(() => {
      this.recover().catch(() => this.#retryLater());
    }, RETRY_MS).unref();
  }

  /** A full batch goes at once, and when the gateway stops, what there is. */
  async #gather(): Promise<void> {
    if (this.#waiting >= BATCH || this.#isHurried) return;
    await new Promise<void>((resolve) => {
      this.#hurry = resolve;
      setTimeout(resolve, GATHER_MS);
    });
  }

  async #carry(batch: readonly Waiting[]): Promise<void> {
    const { books, ledger, thread, clock } = this.#effects;
    // The ledger must never know more than the books do after a power failure: their numbers would be used again.
    await books.flush();
    await thread.carry({ dir: ledger.dir, now: clock.now(), book: books.id, lines: [...batch] });
    await this.#tickOff(batch.at(-1)?.n ?? 0);
  }

  async #tickOff(upTo: number): Promise<void> {
    await this.#effects.books.commitSoon(() => this.#done.run(upTo));
    // Counted, not subtracted: what a transaction took back was added too.
    this.#waiting = Number(this.#count.get()?.["waiting"]);
  }

  #batch(size: number): Waiting[] {
    if (!this.#effects.books.db.isOpen) return [];
    return this.#next.all(size).map((row) => ({ n: Number(row["n"]), record: String(row["record"]) }));
  }
}
