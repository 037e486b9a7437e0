// The gateway's database: SQLite in its state folder, opened by this process only.
// Writes that arrive together are committed together (one fsync), and a promise resolves only after its commit.
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Problem } from "../lib/problem.ts";
import { Refusal } from "./refusal.ts";

const SCHEMA_VERSION = 1;

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
    key_id TEXT NOT NULL,
    user_id TEXT,
    team_id TEXT,
    row TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX spend_by_time ON spend (at);
  -- Audit records, committed with what they tell of, on their way to the ledger.
  CREATE TABLE outbox (n INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL) STRICT;
  CREATE TABLE book (id TEXT PRIMARY KEY) STRICT;
`;

type Work = { run(): void; done(): void; failed(error: unknown): void };

export class Books {
  readonly db: DatabaseSync;
  /** Tells this database from any other that wrote to the same ledger. */
  readonly id: string;
  #queue: Work[] = [];
  #scheduled: NodeJS.Immediate | undefined;

  /** Throws Problem when the folder cannot be written or the database is from a newer version. */
  constructor(state: string) {
    this.db = open(state);
    this.id = String(this.db.prepare("SELECT id FROM book").get()?.["id"]);
  }

  /**
   * Runs `work` in the next transaction and resolves with its value once that is durable.
   * What `work` throws undoes only its own writes; a commit that fails rejects all with a 529 Refusal.
   */
  async commit<T>(work: (db: DatabaseSync) => T): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      let value: T;
      this.#queue.push({
        run: () => {
          value = work(this.db);
        },
        done: () => resolve(value),
        failed: reject,
      });
      this.#scheduled ??= setImmediate(() => this.#flush());
    });
  }

  /** Commits what waits and closes the file. */
  close(): void {
    if (this.#scheduled !== undefined) clearImmediate(this.#scheduled);
    this.#flush();
    this.db.close();
  }

  #flush(): void {
    this.#scheduled = undefined;
    const batch = this.#queue;
    this.#queue = [];
    if (batch.length === 0) return;
    try {
      this.db.exec("BEGIN IMMEDIATE");
      const kept = batch.filter((work) => this.#runOne(work));
      this.db.exec("COMMIT");
      for (const work of kept) work.done();
    } catch {
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
      const refusal = new Refusal("overloaded_error", "the gateway cannot write its books", { "retry-after": "5" });
      for (const work of batch) work.failed(refusal);
    }
  }

  #runOne(work: Work): boolean {
    this.db.exec("SAVEPOINT work");
    try {
      work.run();
      this.db.exec("RELEASE work");
      return true;
    } catch (error) {
      this.db.exec("ROLLBACK TO work");
      this.db.exec("RELEASE work");
      work.failed(error);
      return false;
    }
  }
}

function open(state: string): DatabaseSync {
  const file = join(state, "gateway.sqlite");
  try {
    mkdirSync(state, { recursive: true, mode: 0o700 });
    const db = new DatabaseSync(file, { timeout: 1000 });
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA locking_mode = EXCLUSIVE;");
    migrate(db, file);
    return db;
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Problem({
      code: "prerequisite",
      where: file,
      what: `cannot be opened (${reason})`,
      fix: `make ${state} writable for the gateway's user, and run one gateway per state folder`,
      cause,
    });
  }
}

function migrate(db: DatabaseSync, file: string): void {
  const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version === SCHEMA_VERSION) return;
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
    `BEGIN IMMEDIATE; ${SCHEMA} INSERT INTO book VALUES ('${id}'); PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`,
  );
}
