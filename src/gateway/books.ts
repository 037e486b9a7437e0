// The gateway's database: SQLite in its state folder, opened by this process only: here, where keys and owners are kept, and
// by the bookkeeper's thread, which writes what traffic costs.
// A promise of a commit resolves when it is on the disk. The flush is SQLite's `synchronous = FULL`, made here instead, so
// that it does not stop the event loop (decision 0041).
import { randomUUID } from "node:crypto";
import { closeSync, fdatasync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { promisify } from "node:util";
import { Problem } from "../lib/problem.ts";
import { BOOKS_FILE } from "./bookkeeper.ts";
import { DURABLE, GroupCommit, NOW, SOON, unwritable, type Wish, type Work } from "./group-commit.ts";

/** Locked as long as the process lives, also where it is killed: one gateway a state folder. */
const LOCK_FILE = "gateway.lock";

const SCHEMA_VERSION = 3;

const SCHEMA = `
  CREATE TABLE virtual_key (hash TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE owner (id TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT, WITHOUT ROWID;
  -- Money in micro-USD. Who pays: key:<id>, user:<id>, team:<id>.
  CREATE TABLE account (
    id TEXT PRIMARY KEY,
    cap INTEGER CHECK (cap >= 0),
    spent INTEGER NOT NULL DEFAULT 0 CHECK (spent >= 0),
    reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    period TEXT,
    resets_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE reservation (request_id TEXT PRIMARY KEY, accounts TEXT NOT NULL, worst INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
  CREATE TABLE spend (
    request_id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    user_id TEXT,
    team_id TEXT,
    operation TEXT NOT NULL,
    alias TEXT NOT NULL,
    model TEXT NOT NULL,
    upstream TEXT NOT NULL,
    outcome TEXT NOT NULL,
    micro_usd INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX spend_by_time ON spend (at);
  -- Audit records, committed with what they tell of, on their way to the ledger.
  CREATE TABLE outbox (n INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL) STRICT;
  -- Up to which line the journal of traffic is in these tables, and (at least) in the ledger.
  CREATE TABLE book (id TEXT PRIMARY KEY, folded INTEGER NOT NULL DEFAULT 0, carried INTEGER NOT NULL DEFAULT 0) STRICT;
`;

/** From each version to the next. */
const MIGRATIONS: ReadonlyMap<number, string> = new Map([
  [1, "ALTER TABLE book ADD COLUMN folded INTEGER NOT NULL DEFAULT 0;"],
  // The records of lines that were folded are in the outbox.
  [2, "ALTER TABLE book ADD COLUMN carried INTEGER NOT NULL DEFAULT 0; UPDATE book SET carried = folded;"],
]);

type Transaction = Work & {
  run(): void;
  /** What follows when it is kept, once. */
  readonly after: (() => void)[];
};

const flushFile = promisify(fdatasync);

export class Books {
  readonly db: DatabaseSync;
  /** Tells this database from any other that wrote to the same ledger. */
  readonly id: string;
  readonly #lock: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  /** SQLite's journal: what is flushed there is durable. */
  readonly #journal: number;
  readonly #commits: GroupCommit<Transaction>;
  #running: Transaction | undefined;

  /** Throws Problem when the folder cannot be written or the database is from a newer version. */
  constructor(state: string) {
    [this.#lock, this.db] = open(state);
    this.id = String(this.db.prepare("SELECT id FROM book").get()?.["id"]);
    this.#begin = this.db.prepare("BEGIN IMMEDIATE");
    this.#commit = this.db.prepare("COMMIT");
    this.#rollback = this.db.prepare("ROLLBACK");
    // A write that changes nothing, so that the journal is there.
    this.db.exec("UPDATE book SET id = id");
    this.#journal = openSync(join(state, `${BOOKS_FILE}-wal`), "r");
    this.#commits = new GroupCommit({
      write: (batch) => this.#transact(batch),
      flush: async () => await flushFile(this.#journal),
    });
  }

  /** Up to which line the journal of traffic is in the books, and (at least) in the ledger. */
  get marks(): { readonly booked: number; readonly carried: number } {
    const row = this.db.prepare("SELECT folded, carried FROM book").get();
    return { booked: Number(row?.["folded"]), carried: Number(row?.["carried"]) };
  }

  /**
   * Runs `work` in the next transaction and resolves with its value once that is on the disk.
   * `work` may run twice (its neighbour failed), so it changes nothing but the database. What it throws undoes its own
   * writes only; a commit that fails rejects all with a 529 Refusal.
   */
  async commit<T>(work: (db: DatabaseSync) => T): Promise<T> {
    return await this.#enqueue(work, DURABLE);
  }

  /**
   * The same, but it goes with the next transaction that somebody waits for, or in some milliseconds, and reaches the disk
   * with the next flush. Only for what may be lost when the process dies.
   */
  async commitSoon<T>(work: (db: DatabaseSync) => T): Promise<T> {
    return await this.#enqueue(work, SOON);
  }

  /** Resolves when all that was asked for so far is on the disk. */
  async flush(): Promise<void> {
    await this.commit(() => {});
  }

  /** Inside a transaction: `then` is called once, when it is on the disk. */
  afterwards(then: () => void): void {
    this.#running?.after.push(then);
  }

  async #enqueue<T>(work: (db: DatabaseSync) => T, wish: Wish): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      let value: T;
      const run = (): void => {
        value = work(this.db);
      };
      const transaction: Transaction = {
        ...wish,
        after: [],
        run,
        done: () => {
          for (const then of transaction.after) then();
          resolve(value);
        },
        failed: reject,
      };
      this.#commits.push(transaction);
    });
  }

  /** Commits what waits and closes the file. */
  async close(): Promise<void> {
    try {
      await this.#enqueue(() => {}, NOW);
    } catch {
      // Whoever waited for what could not be written was told so.
    }
    closeSync(this.#journal);
    this.db.close();
    this.#lock.close();
  }

  #run(work: Transaction): void {
    this.#running = work;
    work.after.length = 0;
    work.run();
  }

  /** Those whose writes are in the journal. When one of several fails, each gets a transaction of its own. */
  #transact(batch: readonly Transaction[]): readonly Transaction[] {
    try {
      this.#begin.run();
    } catch {
      // Somebody else writes for too long: nobody here may.
      for (const work of batch) work.failed(unwritable());
      return [];
    }
    try {
      for (const work of batch) this.#run(work);
      this.#commit.run();
      return batch;
    } catch (error) {
      if (this.db.isTransaction) this.#rollback.run();
      if (batch.length > 1) return batch.flatMap((work) => this.#transact([work]));
      batch[0]?.failed(error instanceof Error && "errcode" in error ? unwritable() : error);
      return [];
    }
  }
}

function open(state: string): [DatabaseSync, DatabaseSync] {
  const file = join(state, BOOKS_FILE);
  try {
    mkdirSync(state, { recursive: true, mode: 0o700 });
    const lock = lockOf(state);
    // A transaction of the bookkeeper's takes some milliseconds. Waiting for it holds up everything.
    const db = new DatabaseSync(file, { timeout: 250 });
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -1024;");
    // Folding SQLite's own log into the database holds up whoever does it: the bookkeeper does.
    db.exec("PRAGMA wal_autocheckpoint = 0;");
    migrate(db, file);
    return [lock, db];
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Problem({
      code: "prerequisite",
      where: file,
      what: `cannot be opened (${reason})`,
      fix: `make ${state} writable for the gateway's user`,
      cause,
    });
  }
}

const SQLITE_BUSY = 5;

/** Throws Problem when another process has it. */
function lockOf(state: string): DatabaseSync {
  const lock = new DatabaseSync(join(state, LOCK_FILE), { timeout: 1000 });
  try {
    lock.exec("BEGIN EXCLUSIVE;");
    return lock;
  } catch (cause) {
    lock.close();
    if (!(cause instanceof Error && "errcode" in cause && cause.errcode === SQLITE_BUSY)) throw cause;
    throw new Problem({
      code: "prerequisite",
      where: state,
      what: "another gateway is running on this folder",
      fix: "stop that one, or give this one a state folder and a management socket of its own",
      cause,
    });
  }
}

function migrate(db: DatabaseSync, file: string): void {
  const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version === SCHEMA_VERSION) return;
  const migration = MIGRATIONS.get(version);
  if (migration !== undefined) {
    db.exec(`BEGIN IMMEDIATE; ${migration} PRAGMA user_version = ${version + 1}; COMMIT;`);
    return migrate(db, file);
  }
  if (version !== 0) {
    throw new Problem({
      code: "prerequisite",
      where: file,
      what: `has format ${version}, this gateway knows ${SCHEMA_VERSION}`,
      fix: "run the version of the gateway that wrote it",
    });
  }
  const id = randomUUID();
  db.exec(
    `BEGIN IMMEDIATE; ${SCHEMA} INSERT INTO book (id) VALUES ('${id}'); PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`,
  );
}
