// The audit: a record is committed with what it tells of. A request's stands in its line of the journal; one of a key or an
// owner in the outbox, in the transaction that changes it. The bookkeeper carries both to the ledger, in order.
// Records hold who, what, where and how much; never content.
import type { StatementSync } from "node:sqlite";
import type { LedgerRecord } from "../ledger/index.ts";
import type { Books } from "./books.ts";
import { plainRefusal } from "./refusal.ts";

/** When the ledger cannot be written, so many records may wait before nothing more is let through. */
const MAX_WAITING = 20_000;

export type AuditEffects = {
  readonly books: Books;
  /** Called when a record has been committed: somebody should carry it. */
  readonly whenRecorded: () => void;
};

export class Audit {
  readonly #effects: AuditEffects;
  readonly #insert: StatementSync;
  readonly #count: StatementSync;
  #waiting: number;

  constructor(effects: AuditEffects) {
    this.#effects = effects;
    const { db } = effects.books;
    this.#insert = db.prepare("INSERT INTO outbox (record) VALUES (?)");
    this.#count = db.prepare("SELECT count(*) AS waiting FROM outbox");
    this.#waiting = Number(this.#count.get()?.["waiting"]);
  }

  /** Records of the outbox that are not in the ledger yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** False when the ledger has been out of reach for too long; `more` records wait elsewhere. */
  hasRoom(more: number): boolean {
    return this.#waiting + more < MAX_WAITING;
  }

  /** Throws Refusal (529) when there is no room. */
  checkRoom(more: number): void {
    if (this.hasRoom(more)) return;
    throw plainRefusal("overloaded_error", "the audit ledger cannot be written", { "retry-after": "30" });
  }

  /** Inside a transaction. Throws Refusal (529) when the ledger has been out of reach for too long. */
  record(record: LedgerRecord): void {
    this.checkRoom(0);
    this.#insert.run(JSON.stringify(record));
    this.#effects.books.afterwards(() => {
      this.#waiting += 1;
      this.#effects.whenRecorded();
    });
  }

  /** So many have left the outbox for the ledger; undefined when nobody knows how many. */
  sentOut(count: number | undefined): void {
    this.#waiting = count === undefined ? Number(this.#count.get()?.["waiting"]) : this.#waiting - count;
  }
}
