// The cashbook: what every request holds and pays. It is decided in memory, written to the journal before it counts, and
// folded into the books when some of it has come together. After a crash the journal is read, and folded first.
import { z } from "zod";
import type { LedgerRecord } from "../ledger/index.ts";
import type { Clock } from "../lib/ports.ts";
import type { Audit } from "./audit.ts";
import type { Books } from "./books.ts";
import type { Ask, Budgets, Grant, Settled, Snapshot } from "./budgets.ts";
import { DURABLE, SOON } from "./group-commit.ts";
import { Journal, type Part, type Step } from "./journal.ts";
import type { Log } from "./log.ts";
import { SpendRow, type SpendLog } from "./spend-log.ts";

/** `record` is an audit record as text. */
const Entry = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("held"),
    requestId: z.string(),
    accounts: z.array(z.string()).readonly(),
    worst: z.number(),
    at: z.number(),
    record: z.string(),
  }),
  z.strictObject({
    kind: z.literal("charged"),
    requestId: z.string(),
    microUsd: z.number(),
    spend: SpendRow.nullable(),
    record: z.string(),
  }),
  z.strictObject({ kind: z.literal("noted"), record: z.string() }),
]);
type Entry = z.infer<typeof Entry>;

export type Granted = Extract<Grant, { kind: "granted" }>;

/** What is written down of a settlement. */
export type Told = { readonly record: LedgerRecord; readonly spend: SpendRow | null };

export type CashbookEffects = {
  readonly books: Books;
  readonly budgets: Budgets;
  readonly audit: Audit;
  readonly spendLog: SpendLog;
  readonly clock: Clock;
  readonly log: Log;
};

/** When to fold: a transaction of so many holds up the streams for 2 ms. */
const FOLD_ENTRIES = 256;
const FOLD_MS = 200;
const RETRY_MS = 2000;

type Folding = Part<Entry> & { readonly snapshot: Snapshot };

export class Cashbook {
  readonly #effects: CashbookEffects;
  readonly #journal: Journal<Entry>;
  /** Cut off, and not in the books yet. */
  #part: Folding | undefined;
  #folding: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  /** `fold` has to follow before anything is held or charged. Throws Problem when the journal cannot be opened. */
  constructor(effects: CashbookEffects, state: string) {
    const { books, budgets } = effects;
    this.#effects = effects;
    this.#journal = new Journal(state, books.folded, Entry);
    const { recovered } = this.#journal;
    for (const entry of recovered.entries) {
      if (entry.kind === "held") budgets.hold(entry, entry.at);
      if (entry.kind === "charged") budgets.charge(entry.requestId, entry.microUsd);
    }
    if (recovered.entries.length > 0) this.#part = { ...recovered, snapshot: budgets.snapshot() };
  }

  /** Audit records that are not in the books yet. */
  get waiting(): number {
    return this.#journal.size + (this.#part?.entries.length ?? 0);
  }

  /** Sets aside what the request can cost at most, and resolves when that is on the disk. */
  async hold(ask: Ask, recordOf: (grant: Granted) => LedgerRecord): Promise<Grant> {
    const grant = await this.#journal.commit(() => this.#decide(ask, recordOf), DURABLE);
    this.#foldSoon();
    return grant;
  }

  /**
   * Charges what a request did cost; undefined charges all that was set aside. Flushed with the next hold: if the power fails
   * before, the reservation is still there and stands at worst.
   */
  async charge(requestId: string, microUsd: number | undefined, tell: (settled: Settled) => Told): Promise<Settled> {
    const settled = await this.#journal.commit(() => this.#settle(requestId, microUsd, tell), SOON);
    this.#foldSoon();
    return settled;
  }

  /** Writes down what costs nothing, in its place among the rest. */
  async note(record: LedgerRecord): Promise<void> {
    const { audit } = this.#effects;
    await this.#journal.commit(() => {
      audit.checkRoom(this.waiting);
      return { value: undefined, entry: { kind: "noted", record: JSON.stringify(record) } };
    }, DURABLE);
    this.#foldSoon();
  }

  /** Resolves when all so far is in the books. Throws Refusal when they cannot be written; what waits is kept. */
  async fold(): Promise<void> {
    await this.#journal.settled();
    this.#folding = this.#folding.catch(() => {}).then(async () => await this.#foldAll());
    await this.#folding;
  }

  /** Folds what there is and closes the journal. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      await this.fold();
    } catch {
      // The journal has it, and the next start reads it.
    }
    this.#journal.close();
  }

  #decide(ask: Ask, recordOf: (grant: Granted) => LedgerRecord): Step<Entry, Grant> {
    const { budgets, audit, clock } = this.#effects;
    audit.checkRoom(this.waiting);
    const at = clock.now();
    const grant = budgets.weigh(ask, at);
    if (grant.kind !== "granted") return { value: grant };
    const { requestId } = ask;
    const { accounts, microUsd: worst } = grant;
    const undo = budgets.hold({ requestId, accounts, worst }, at);
    const entry: Entry = { kind: "held", requestId, accounts, worst, at, record: JSON.stringify(recordOf(grant)) };
    return { value: grant, entry, undo };
  }

  #settle(requestId: string, asked: number | undefined, tell: (settled: Settled) => Told): Step<Entry, Settled> {
    const { settled, undo } = this.#effects.budgets.charge(requestId, asked);
    const { record, spend } = tell(settled);
    const entry: Entry = {
      kind: "charged",
      requestId,
      microUsd: settled.microUsd,
      spend,
      record: JSON.stringify(record),
    };
    return { value: settled, entry, undo };
  }

  #foldSoon(): void {
    if (this.#journal.size >= FOLD_ENTRIES && this.#part === undefined) this.#foldNow();
    else this.#timer ??= setTimeout(() => this.#foldNow(), FOLD_MS);
  }

  #foldNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.fold().catch(() => {
      this.#effects.log({ event: "books-late", waiting: this.waiting });
      this.#timer ??= setTimeout(() => this.#foldNow(), RETRY_MS).unref();
    });
  }

  /** What could not be folded before comes first: a part is cut off only when the other file is free. */
  async #foldAll(): Promise<void> {
    for (let part = this.#part ?? this.#cut(); part !== undefined; part = this.#cut()) {
      const { entries, last, snapshot } = part;
      await this.#effects.books.commit((db) => {
        for (const entry of entries) this.#store(entry);
        this.#effects.budgets.store(snapshot);
        db.prepare("UPDATE book SET folded = ?").run(last);
      });
      this.#part = undefined;
    }
  }

  #cut(): Folding | undefined {
    const part = this.#journal.cut();
    if (part !== undefined) this.#part = { ...part, snapshot: this.#effects.budgets.snapshot() };
    return this.#part;
  }

  #store(entry: Entry): void {
    const { audit, spendLog } = this.#effects;
    audit.put(entry.record);
    if (entry.kind === "charged" && entry.spend !== null) spendLog.insert(entry.spend);
  }
}
