// The audit: a record is committed in the same transaction as what it tells of, then carried to the ledger in order.
// Records hold who, what, where and how much; never content.
import type { StatementSync } from "node:sqlite";
import type { Ledger, LedgerRecord } from "../ledger/index.ts";
import type { Books } from "./books.ts";
import { isObject } from "./json.ts";
import type { Log } from "./log.ts";
import { Refusal } from "./refusal.ts";

/** Records carried at a time, and how long the first may wait for company: each batch costs the ledger one lock and flush. */
const BATCH = 512;
const GATHER_MS = 200;

/** When the ledger cannot be written, so many records may wait before nothing more is let through. */
const MAX_WAITING = 20_000;

const RETRY_MS = 2000;

type Waiting = { readonly n: number; readonly record: LedgerRecord };

export class Audit {
  readonly #books: Books;
  readonly #ledger: Ledger;
  readonly #log: Log;
  readonly #insert: StatementSync;
  readonly #next: StatementSync;
  readonly #one: StatementSync;
  readonly #done: StatementSync;
  readonly #count: StatementSync;
  /** Records of this process, so that they need not be read back; the outbox says which of them are committed. */
  readonly #fresh = new Map<number, LedgerRecord>();
  #waiting: number;
  #carrying: Promise<void> | undefined;
  #hurry: (() => void) | undefined;
  #isHurried = false;

  constructor(effects: { readonly books: Books; readonly ledger: Ledger; readonly log: Log }) {
    this.#books = effects.books;
    this.#ledger = effects.ledger;
    this.#log = effects.log;
    const { db } = effects.books;
    this.#insert = db.prepare("INSERT INTO outbox (record) VALUES (?)");
    this.#next = db.prepare("SELECT n FROM outbox ORDER BY n LIMIT ?");
    this.#one = db.prepare("SELECT record FROM outbox WHERE n = ?");
    this.#done = db.prepare("DELETE FROM outbox WHERE n <= ?");
    this.#count = db.prepare("SELECT count(*) AS waiting FROM outbox");
    this.#waiting = Number(this.#count.get()?.["waiting"]);
  }

  /** Records that are committed and not yet in the ledger. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Inside a transaction. Throws Refusal (529) when the ledger has been out of reach for too long. */
  record(record: LedgerRecord): void {
    if (this.#waiting >= MAX_WAITING) {
      throw new Refusal("overloaded_error", "the audit ledger cannot be written", { "retry-after": "30" });
    }
    const { lastInsertRowid } = this.#insert.run(JSON.stringify(record));
    this.#fresh.set(Number(lastInsertRowid), record);
    this.#waiting += 1;
    this.#start();
  }

  /** After a start: records that were carried but not ticked off are found in the ledger and not carried twice. */
  async recover(): Promise<void> {
    const [first] = this.#batch(1);
    if (first === undefined) return;
    let carried = 0;
    for await (const entry of this.#ledger.read()) {
      const { book, n } = entry.record;
      if (book === this.#books.id && typeof n === "number") carried = n;
    }
    await this.#tickOff(carried);
    this.#start();
  }

  /** Resolves when nothing waits any more, or the ledger refuses. */
  async settled(): Promise<void> {
    this.#isHurried = true;
    this.#hurry?.();
    await this.#carrying;
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
        this.#log({ event: "audit-late", waiting: this.#waiting });
        this.#carrying = undefined;
        setTimeout(() => this.#start(), RETRY_MS).unref();
        return;
      }
      await this.#gather();
    }
    this.#carrying = undefined;
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
    const book = this.#books.id;
    // The ledger must never know more than the books do after a power failure: their numbers would be used again.
    await this.#books.flush();
    await Promise.all(batch.map(async ({ n, record }) => await this.#ledger.append({ ...record, book, n })));
    await this.#tickOff(batch.at(-1)?.n ?? 0);
  }

  async #tickOff(upTo: number): Promise<void> {
    await this.#books.commitSoon(() => this.#done.run(upTo));
    // Counted, not subtracted: what a transaction took back was added too.
    this.#waiting = Number(this.#count.get()?.["waiting"]);
    for (const n of this.#fresh.keys()) {
      if (n > upTo) break;
      this.#fresh.delete(n);
    }
  }

  #batch(size: number): Waiting[] {
    if (!this.#books.db.isOpen) return [];
    return this.#next.all(size).map((row) => {
      const n = Number(row["n"]);
      return { n, record: this.#fresh.get(n) ?? this.#read(n) };
    });
  }

  #read(n: number): LedgerRecord {
    return readRecord(String(this.#one.get(n)?.["record"]));
  }
}

function readRecord(text: string): LedgerRecord {
  const record: unknown = JSON.parse(text);
  if (!isRecord(record)) throw new TypeError("an audit record names its kind");
  return record;
}

/** JSON text holds nothing but JSON. */
function isRecord(value: unknown): value is LedgerRecord {
  return isObject(value) && typeof value["kind"] === "string";
}
