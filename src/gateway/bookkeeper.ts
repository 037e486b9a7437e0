// Brings what the journal holds to where people look for it: rows in the books, records in the audit's ledger. Synchronous,
// for a thread of its own (bookkeeper-thread.ts): a transaction, a lock and two flushes must hold up no stream.
// A round that was cut off is run again: no row is written twice, and the ledger is asked what it has.
import { closeSync, fdatasyncSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { appendSync } from "../ledger/append.ts";
import { lastEntries } from "../ledger/last-entries.ts";
import { digest } from "../lib/digest.ts";
import { readRecord } from "./audit-record.ts";
import type { Snapshot } from "./budgets.ts";
import type { Entry } from "./cashbook.ts";
import { CHECKSUM_LENGTH, JOURNAL_FILES, type Range } from "./journal-files.ts";
import type { LedgerRecord } from "../ledger/index.ts";
import type { SpendRow } from "./spend-log.ts";

export const BOOKS_FILE = "gateway.sqlite";
export const LEDGER_FOLDER = "ledger";

/** Copied to the thread as it is. */
export type Round = {
  readonly ranges: readonly Range[];
  /** Up to which number lines are in the books, and in the ledger, as far as is known. */
  readonly booked: number;
  readonly carried: number;
  /** The last line of the ranges, and how accounts and reservations stand after it. */
  readonly last: number;
  readonly snapshot: Snapshot;
  /** False while the ledger is left alone after it has refused. */
  readonly mayCarry: boolean;
  /** The gateway's clock. */
  readonly now: number;
};

export type Report = {
  readonly isBooked: boolean;
  readonly carried: number;
  /** Records that went from the outbox to the ledger. */
  readonly sentOut: number;
  /** The ledger refused; what it did not take waits. */
  readonly isLate: boolean;
};

type Carried = Omit<Report, "isBooked">;

type Line = { readonly seq: number; readonly entry: Entry };

/** What of ours the ledger has: the last number of the outbox, and the last line of the journal. */
type Marks = { readonly n: number; readonly line: number };

/** Records under one lock, so that other processes get their turn, and how long to wait for theirs. */
const UNDER_ONE_LOCK = 1024;
const WAIT_MS = 500;

/** How far back from its end the ledger is searched: more cannot be under way. */
const SEARCHED = 50_000;

export class Bookkeeper {
  readonly #db: DatabaseSync;
  readonly #dir: string;
  readonly #book: string;
  readonly #journal: readonly number[];
  /** SQLite's own journal: what is flushed there is durable. */
  readonly #log: number;
  readonly #statements: ReturnType<typeof statements>;
  /** Undefined while it is not certain. */
  #marks: Marks | undefined;

  /** After the books and the journal have been opened. */
  constructor(state: string) {
    this.#db = new DatabaseSync(join(state, BOOKS_FILE), { timeout: 1000 });
    // A checkpoint of SQLite's every 2 MB, here where nobody waits for it. Its flush at the end of a transaction is made after
    // that: while it is flushed nobody else could write.
    this.#db.exec("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 500; PRAGMA cache_size = -1024;");
    this.#dir = join(state, LEDGER_FOLDER);
    this.#book = String(this.#db.prepare("SELECT id FROM book").get()?.["id"]);
    this.#journal = JOURNAL_FILES.map((name) => openSync(join(state, name), "r"));
    this.#log = openSync(join(state, `${BOOKS_FILE}-wal`), "r");
    this.#statements = statements(this.#db);
  }

  /** Throws when the books or the journal cannot be read at all; what is merely refused is in the report. */
  run(round: Round): Report {
    const isBooked = round.last === round.booked && round.snapshot.accounts.length === 0;
    if (isBooked && !round.mayCarry) return { isBooked, ...this.#nothing(round) };
    const lines = round.ranges.flatMap((range) => this.#read(range));
    // Neither books nor ledger may know more than the journal does after a power failure: its numbers would come again.
    for (const file of new Set(round.ranges.map((range) => range.file))) fdatasyncSync(this.#journal[file] ?? -1);
    const carried = round.mayCarry ? (): Carried => this.#carryAll(lines, round) : (): Carried => this.#nothing(round);
    return { isBooked: isBooked || this.#store(lines, round), ...carried() };
  }

  /** `carried` is noted, so that the next start need not ask the ledger. */
  close(carried: number): void {
    try {
      this.#statements.carried.run(carried);
    } catch {
      // Then it is asked.
    }
    for (const file of [...this.#journal, this.#log]) closeSync(file);
    this.#db.close();
  }

  #read({ file, start, end }: Range): Line[] {
    const bytes = Buffer.allocUnsafe(end - start);
    for (let done = 0; done < bytes.length;) {
      const count = readSync(this.#journal[file] ?? -1, bytes, done, bytes.length - done, start + done);
      if (count === 0) throw new Error("the journal is shorter than what was written");
      done += count;
    }
    const lines = bytes.toString("utf8").split("\n").slice(0, -1);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked by whoever told of the range, or just written
    return lines.map((line) => JSON.parse(line.slice(CHECKSUM_LENGTH + 1)) as Line);
  }

  /** False when the books refuse (disk full), or nobody knows whether the disk has it: all of it is told again then. */
  #store(lines: readonly Line[], { booked, carried, last, snapshot }: Round): boolean {
    const { spend, folded } = this.#statements;
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      for (const { seq, entry } of lines) {
        if (seq > booked && entry.kind === "charged" && entry.spend !== null) insert(spend, entry.spend);
      }
      this.#storeAccounts(snapshot);
      folded.run(last, carried);
      this.#db.exec("COMMIT");
      fdatasyncSync(this.#log);
      return true;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      if (error instanceof Error && ("errcode" in error || "syscall" in error)) return false;
      throw error;
    }
  }

  #storeAccounts({ accounts, opened, closed }: Snapshot): void {
    const { account, reset, open, close } = this.#statements;
    for (const { id, spent, reserved, period, resetsAt } of accounts) {
      // A payer that was removed and made anew while its request was under way holds nothing for it.
      account.run(spent, Math.max(0, reserved), id);
      if (resetsAt !== null) reset.run(resetsAt, id, period);
    }
    for (const { requestId, accounts: payers, worst } of opened) open.run(requestId, JSON.stringify(payers), worst);
    for (const requestId of closed) close.run(requestId);
  }

  #nothing({ carried }: Round): Carried {
    return { carried, sentOut: 0, isLate: false };
  }

  /** First what the outbox holds (a key is issued before it is used), then the lines. */
  #carryAll(lines: readonly Line[], { carried, last, now }: Round): Carried {
    let [sentOut, line] = [0, carried];
    try {
      const waiting = this.#statements.waiting
        .all()
        .map((row) => ({ n: Number(row["n"]), record: String(row["record"]) }));
      if (waiting.length === 0 && last === carried) return { carried, sentOut, isLate: false };
      const marks = (this.#marks ??= this.#lastCarried(carried));
      this.#marks = undefined;
      sentOut = this.#sendOut(waiting, marks, now);
      line = Math.max(line, marks.line);
      for (const batch of batches(lines.filter(({ seq }) => seq > line))) {
        this.#append(
          batch.map(({ seq, entry }) => ({ ...recordOf(entry), book: this.#book, line: seq })),
          now,
        );
        line = batch.at(-1)?.seq ?? line;
      }
      this.#marks = { n: Math.max(marks.n, waiting.at(-1)?.n ?? 0), line };
      return { carried: last, sentOut, isLate: false };
    } catch {
      // A part of what failed may have arrived all the same: the marks stay unknown until the ledger is asked.
      return { carried: line, sentOut, isLate: true };
    }
  }

  /** The outbox is emptied of what the ledger has. */
  #sendOut(waiting: readonly { readonly n: number; readonly record: string }[], marks: Marks, now: number): number {
    if (waiting.length === 0) return 0;
    // Brings to the disk what the gateway has committed and perhaps not flushed yet.
    fdatasyncSync(this.#log);
    for (const batch of batches(waiting.filter(({ n }) => n > marks.n))) {
      this.#append(
        batch.map(({ n, record }) => ({ ...readRecord(record), book: this.#book, n })),
        now,
      );
    }
    this.#statements.done.run(waiting.at(-1)?.n ?? 0);
    return waiting.length;
  }

  #append(records: readonly LedgerRecord[], now: number): void {
    appendSync(this.#dir, records.map(wellFormed), { now, waitMs: WAIT_MS, digest });
  }

  #lastCarried(carried: number): Marks {
    let [n, line, seen]: [number | undefined, number | undefined, number] = [undefined, undefined, 0];
    for (const { record } of lastEntries(this.#dir)) {
      if (record["book"] === this.#book) {
        if (typeof record["n"] === "number") n ??= record["n"];
        if (typeof record["line"] === "number") line ??= record["line"];
      }
      seen += 1;
      if ((n !== undefined && line !== undefined) || seen >= SEARCHED) break;
    }
    return { n: n ?? 0, line: Math.max(line ?? 0, carried) };
  }
}

/** An upstream may name half a character. The ledger knows whole ones only, and one record must not keep all others from it. */
function wellFormed(record: LedgerRecord): LedgerRecord {
  const isWhole = Object.values(record).every((value) => typeof value !== "string" || value.isWellFormed());
  if (isWhole) return record;
  const members = Object.entries(record).map(([key, value]) => [
    key,
    typeof value === "string" ? value.toWellFormed() : value,
  ]);
  return { kind: record.kind, ...Object.fromEntries(members) };
}

/** A version before wrote it as text. */
function recordOf({ record }: Entry): LedgerRecord {
  return typeof record === "string" ? readRecord(record) : record;
}

function statements(db: DatabaseSync) {
  return {
    // A request that is told of twice has one row.
    spend: db.prepare("INSERT INTO spend VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"),
    account: db.prepare("UPDATE account SET spent = ?, reserved = ? WHERE id = ?"),
    // A period that was set meanwhile has an end of its own.
    reset: db.prepare("UPDATE account SET resets_at = ? WHERE id = ? AND period IS ?"),
    open: db.prepare("INSERT INTO reservation VALUES (?, ?, ?) ON CONFLICT DO NOTHING"),
    close: db.prepare("DELETE FROM reservation WHERE request_id = ?"),
    folded: db.prepare("UPDATE book SET folded = ?, carried = ?"),
    carried: db.prepare("UPDATE book SET carried = ?"),
    waiting: db.prepare("SELECT n, record FROM outbox ORDER BY n"),
    done: db.prepare("DELETE FROM outbox WHERE n <= ?"),
  };
}

function insert(statement: StatementSync, row: SpendRow): void {
  statement.run(
    row.requestId,
    row.at,
    row.startedAt,
    row.keyId,
    row.keyHash,
    row.userId,
    row.teamId,
    row.operation,
    row.alias,
    row.model,
    row.upstream,
    row.outcome,
    row.microUsd,
    row.promptTokens,
    row.completionTokens,
  );
}

function batches<T>(all: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < all.length; at += UNDER_ONE_LOCK) parts.push(all.slice(at, at + UNDER_ONE_LOCK));
  return parts;
}
