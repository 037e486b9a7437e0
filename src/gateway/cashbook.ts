// The cashbook: what every request holds and pays. It is decided in memory, written to the journal before it counts, and
// brought into the books and the ledger by the bookkeeper when some of it has come together. After a crash the journal is
// read first.
import { z } from "zod";
import type { LedgerRecord } from "../ledger/index.ts";
import type { Clock } from "../lib/ports.ts";
import type { Audit } from "./audit.ts";
import { isRecord, readRecord } from "./audit-record.ts";
import type { Report, Round } from "./bookkeeper.ts";
import type { Books } from "./books.ts";
import type { Ask, Budgets, Grant, Settled } from "./budgets.ts";
import { DURABLE, SOON, unwritable } from "./group-commit.ts";
import { Journal, type Step } from "./journal.ts";
import type { Range } from "./journal-files.ts";
import type { Log } from "./log.ts";
import { SpendRow } from "./spend-log.ts";

/** A version before wrote the record as text. */
const Record = z.union([z.custom<LedgerRecord>(isRecord), z.string().transform(readRecord)]);

const Entry = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("held"),
    requestId: z.string(),
    accounts: z.array(z.string()).readonly(),
    worst: z.number(),
    at: z.number(),
    record: Record,
  }),
  z.strictObject({
    kind: z.literal("charged"),
    requestId: z.string(),
    microUsd: z.number(),
    spend: SpendRow.nullable(),
    record: Record,
  }),
  z.strictObject({ kind: z.literal("noted"), record: Record }),
]);
export type Entry = z.infer<typeof Entry>;

export type Granted = Extract<Grant, { kind: "granted" }>;

/** What is written down of a settlement. */
export type Told = { readonly record: LedgerRecord; readonly spend: SpendRow | null };

export type CashbookEffects = {
  readonly books: Books;
  readonly budgets: Budgets;
  readonly audit: Audit;
  readonly bookkeeper: { run(round: Round): Promise<Report>; close(carried: number): Promise<void> };
  readonly clock: Clock;
  readonly log: Log;
  /** True when nobody but who asks is under way. */
  readonly isQuiet?: () => boolean;
};

/** When a round is due: after so many lines, or so long after the first. */
const ROUND_LINES = 2048;
const ROUND_MS = 500;

/** How long books or a ledger that refused are left alone. */
const RETRY_MS = 2000;

export class Cashbook {
  readonly #effects: CashbookEffects;
  readonly #journal: Journal<Entry>;
  /** Up to which line all is in the books, and in the ledger. */
  #booked: number;
  #carried: number;
  /** Where the lines stand that are not in both. */
  #ranges: readonly Range[] = [];
  #round: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Until when each is left alone after it has refused, in milliseconds of the monotonic clock. */
  readonly #rests = { books: 0, ledger: 0 };
  #isClosing = false;

  /** `fold` has to follow before anything is held or charged. Throws Problem when the journal cannot be opened. */
  constructor(effects: CashbookEffects, state: string) {
    const { books, budgets, isQuiet } = effects;
    this.#effects = effects;
    ({ booked: this.#booked, carried: this.#carried } = books.marks);
    const marks = { booked: this.#booked, carried: this.#carried };
    this.#journal = new Journal(state, { ...marks, schema: Entry, ...(isQuiet === undefined ? {} : { isQuiet }) });
    for (const entry of this.#journal.recovered.splice(0)) {
      if (entry.kind === "held") budgets.hold(entry, entry.at);
      if (entry.kind === "charged") budgets.charge(entry.requestId, entry.microUsd);
    }
  }

  /** Audit records of requests that are not in the ledger yet. */
  get waiting(): number {
    return this.#journal.last - this.#carried;
  }

  /** A request would be let through: the disk has not just refused one, and there is room for its audit record. */
  get isOpen(): boolean {
    return !this.#journal.isRefused && this.#effects.audit.hasRoom(this.#unfinished);
  }

  /** Lines that are not in the books, or not in the ledger, or in neither: they are read again until they are. */
  get #unfinished(): number {
    return this.#journal.last - Math.min(this.#booked, this.#carried);
  }

  /** Sets aside what the request can cost at most, and resolves when that is on the disk. */
  hold(ask: Ask, recordOf: (grant: Granted) => LedgerRecord): Promise<Grant> {
    return this.#journal.commit(() => this.#decide(ask, recordOf), DURABLE);
  }

  /**
   * Charges what a request did cost; undefined charges all that was set aside. Flushed with the next hold: if the power fails
   * before, the reservation is still there and stands at worst.
   */
  charge(requestId: string, microUsd: number | undefined, tell: (settled: Settled) => Told): Promise<Settled> {
    return this.#journal.commit(() => this.#settle(requestId, microUsd, tell), SOON);
  }

  /** Writes down what costs nothing, in its place among the rest. */
  note(record: LedgerRecord): Promise<void> {
    const { audit } = this.#effects;
    return this.#journal.commit(() => {
      audit.checkRoom(this.#unfinished);
      this.#lineComes();
      return { value: undefined, entry: { kind: "noted", record } };
    }, DURABLE);
  }

  /** Resolves when all so far is in the books. Throws Refusal when they cannot be written; what waits is kept. */
  async fold(): Promise<void> {
    await this.#journal.settled();
    const { last } = this.#journal;
    // A round that is under way may have begun before.
    while (this.#booked < last) await this.#runRound();
  }

  /** There is something for the books or the ledger; `afterMs` from now it is brought there, if no round is due sooner. */
  foldSoon(afterMs = this.#untilBooksMs()): void {
    if (!this.#isClosing) this.#timer ??= setTimeout(() => this.#foldNow(), afterMs);
  }

  /** Brings what there is where it belongs, as far as that can be done, and closes the journal. */
  async close(): Promise<void> {
    const { audit, budgets, bookkeeper } = this.#effects;
    this.#isClosing = true;
    clearTimeout(this.#timer);
    this.#rests.ledger = 0;
    // A journal that is broken decides nothing more; what it holds is read by the next start.
    await this.#journal.settled().catch(() => {});
    await this.#round?.catch(() => {});
    if (this.#unfinished + audit.waiting > 0 || budgets.isChanged) await this.#runRound().catch(() => {});
    await bookkeeper.close(this.#carried).catch(() => {});
    this.#journal.close();
  }

  #decide(ask: Ask, recordOf: (grant: Granted) => LedgerRecord): Step<Entry, Grant> {
    const { budgets, audit, clock } = this.#effects;
    audit.checkRoom(this.#unfinished);
    const at = clock.now();
    const grant = budgets.weigh(ask, at);
    if (grant.kind !== "granted") return { value: grant };
    const { requestId } = ask;
    const { accounts, microUsd: worst } = grant;
    const undo = budgets.hold({ requestId, accounts, worst }, at);
    this.#lineComes();
    const entry: Entry = { kind: "held", requestId, accounts, worst, at, record: recordOf(grant) };
    return { value: grant, entry, undo };
  }

  #settle(requestId: string, asked: number | undefined, tell: (settled: Settled) => Told): Step<Entry, Settled> {
    const { settled, undo } = this.#effects.budgets.charge(requestId, asked);
    const { record, spend } = tell(settled);
    this.#lineComes();
    const entry: Entry = { kind: "charged", requestId, microUsd: settled.microUsd, spend, record };
    return { value: settled, entry, undo };
  }

  /** Called while a line is being made: what is in memory and what is in the journal agree again only after that. */
  #lineComes(): void {
    this.foldSoon();
    const isDue = this.#journal.last - this.#booked >= ROUND_LINES && this.#untilBooksMs() <= ROUND_MS;
    if (isDue && this.#round === undefined) queueMicrotask(() => this.#foldNow());
  }

  #untilBooksMs(): number {
    return Math.max(ROUND_MS, this.#rests.books - performance.now());
  }

  #foldNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#runRound().catch(() => {});
  }

  /** One at a time. Throws Refusal when the books cannot be written. */
  #runRound(): Promise<void> {
    return (this.#round ??= this.#keepBooks().finally(() => {
      this.#round = undefined;
      this.#thinkOfTheRest();
    }));
  }

  /** What came while the round ran, and what was refused, has nobody else to bring it on its way. */
  #thinkOfTheRest(): void {
    if (this.#booked < this.#journal.last) this.foldSoon();
    else if (this.waiting + this.#effects.audit.waiting > 0) {
      this.foldSoon(Math.max(ROUND_MS, this.#rests.ledger - performance.now()));
    }
  }

  async #keepBooks(): Promise<void> {
    const { budgets, audit, clock } = this.#effects;
    this.#ranges = [...this.#ranges, ...this.#journal.take()];
    const { last } = this.#journal;
    const marks = { booked: this.#booked, carried: this.#carried };
    const snapshot = budgets.snapshot();
    const mayCarry = performance.now() >= this.#rests.ledger;
    const report = await this.#ask({ ...marks, ranges: this.#ranges, last, snapshot, mayCarry, now: clock.now() });
    audit.sentOut(report?.sentOut);
    this.#carried = report?.carried ?? this.#carried;
    if (report?.isBooked === true) this.#booked = last;
    else budgets.takeBack(snapshot);
    const done = Math.min(this.#booked, this.#carried);
    this.#journal.release(done);
    this.#ranges = this.#ranges.filter((range) => range.last > done);
    if (report?.isLate === true) this.#rest("ledger", "audit-late");
    if (report?.isBooked === true) return;
    this.#rest("books", "books-late");
    throw unwritable();
  }

  /** Undefined when the bookkeeper ended, and what it did is not known. */
  async #ask(round: Round): Promise<Report | undefined> {
    try {
      return await this.#effects.bookkeeper.run(round);
    } catch {
      return undefined;
    }
  }

  #rest(what: "books" | "ledger", event: "audit-late" | "books-late"): void {
    const { audit, log } = this.#effects;
    if (performance.now() >= this.#rests[what]) log({ event, waiting: this.#unfinished + audit.waiting });
    this.#rests[what] = performance.now() + RETRY_MS;
  }
}
