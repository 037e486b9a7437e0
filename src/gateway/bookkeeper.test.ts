import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { openLedger } from "../ledger/index.ts";
import { Audit } from "./audit.ts";
import { Bookkeeper, type Report, type Round } from "./bookkeeper.ts";
import { BookkeeperThread } from "./bookkeeper-thread.ts";
import { Books } from "./books.ts";
import { Budgets } from "./budgets.ts";
import { Cashbook } from "./cashbook.ts";
import type { LogEntry } from "./log.ts";
import { SpendLog } from "./spend-log.ts";

type Keeper = { run(round: Round): Promise<Report>; close(carried: number): Promise<void> };

const NOON = Date.UTC(2026, 0, 1, 12);

/** In this thread. */
function here(state: string): Keeper {
  let keeper: Bookkeeper | undefined;
  return {
    run: async (round) => (keeper ??= new Bookkeeper(state)).run(round),
    close: async (carried) => keeper?.close(carried),
  };
}

async function open(state: string, keeper: Keeper) {
  const clock = { now: () => NOON };
  const logged: LogEntry[] = [];
  const log = (entry: LogEntry): void => void logged.push(entry);
  const books = new Books(state);
  const budgets = new Budgets(books.db, clock);
  const audit = new Audit({ books, whenRecorded: () => cashbook.foldSoon() });
  const cashbook = new Cashbook({ books, budgets, audit, bookkeeper: keeper, clock, log }, state);
  await cashbook.fold();
  const ledger = openLedger(join(state, "ledger"), { clock });
  let isOpen = true;
  return {
    books,
    audit,
    cashbook,
    logged,
    ledger,
    spendLog: new SpendLog(books),
    /** Of keys, by way of the outbox. */
    record: async (first: number, count: number): Promise<void> =>
      await books.commit(() => {
        for (let at = first; at < first + count; at += 1) audit.record({ kind: "gateway.key", at });
      }),
    /** Of requests, by way of the journal. */
    note: async (first: number, count: number): Promise<void> => {
      const all = Array.from(
        { length: count },
        async (_, at) => await cashbook.note({ kind: "gateway.refused", at: first + at }),
      );
      await Promise.all(all);
    },
    told: async () => (await Array.fromAsync(ledger.read())).map(({ record }) => record["at"]),
    waiting: () => cashbook.waiting + audit.waiting,
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      await cashbook.close();
      await books.close();
    },
  };
}

async function house(t: TestContext, keeperOf: (state: string) => Keeper = here) {
  const state = mkdtempSync(join(tmpdir(), "demesne-bookkeeper-"));
  const opened = await open(state, keeperOf(state));
  t.after(async () => {
    await opened.close();
    rmSync(state, { recursive: true });
  });
  return { state, ...opened };
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries += 1) {
    if (tries > 2000) throw new Error("waited for 10 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

it("carries more than a batch in order, each record once, by a thread of its own, and counts what waits", async (t) => {
  const { ledger, record, note, told, waiting } = await house(t, (state) => new BookkeeperThread(state));
  await record(0, 1200);
  await note(1200, 2400);
  assert.equal(waiting(), 3600);
  await until(() => waiting() === 0);
  assert.deepEqual(await told(), upTo(3600));
  assert.deepEqual((await ledger.verify()).faults, []);
});

it("does not count what a transaction took back", async (t) => {
  const { books, audit, record, told } = await house(t);
  const broken = books.commit(() => {
    audit.record({ kind: "gateway.key", at: -1 });
    throw new Error("the neighbour's own fault");
  });
  await assert.rejects(broken);
  await record(0, 1);
  await until(() => audit.waiting === 0);
  assert.deepEqual(await told(), [0]);
});

it("says when the ledger refuses, keeps the books all the same, and carries all of it once it does not any more", async (t) => {
  const { books, cashbook, ledger, logged, record, note, told, waiting } = await house(t);
  writeFileSync(ledger.dir, "a file where the folder should be");
  await record(0, 3);
  await note(3, 2);
  await cashbook.fold();
  assert.deepEqual([books.marks, waiting()], [{ booked: 2, carried: 0 }, 5]);
  assert.deepEqual(logged, [{ event: "audit-late", waiting: 5 }]);
  rmSync(ledger.dir);
  await note(5, 2);
  await until(() => waiting() === 0);
  assert.deepEqual(await told(), upTo(7));
});

it("writes nothing twice after it was killed between the ledger and its note of it", async (t) => {
  const { state, cashbook, record, note, close } = await house(t);
  await record(0, 2);
  await note(2, 3);
  await cashbook.fold();
  await close();
  // As if the outbox had not been emptied and nothing had been noted.
  const books = new Books(state);
  await books.commit((db) => {
    for (const at of [0, 1])
      db.prepare("INSERT INTO outbox VALUES (?, ?)").run(at + 1, `{"kind":"gateway.key","at":${at}}`);
    db.exec("UPDATE book SET folded = 0, carried = 0");
  });
  await books.close();
  const again = await open(state, here(state));
  await again.note(5, 1);
  await again.cashbook.fold();
  await until(() => again.waiting() === 0);
  assert.deepEqual(await again.told(), upTo(6));
  await again.close();
});

it("tries again what the books refused, with all that came since", async (t) => {
  let refusals = 2;
  const { books, cashbook, logged, spendLog, note } = await house(t, (state) => {
    const keeper = here(state);
    return {
      ...keeper,
      run: async (round) => {
        if (refusals === 0) return await keeper.run(round);
        refusals -= 1;
        if (refusals === 1) throw new Error("the thread ended");
        return { isBooked: false, carried: round.carried, sentOut: 0, isLate: false };
      },
    };
  });
  await books.commit((db) => db.exec("INSERT INTO account (id) VALUES ('key:a')"));
  const worst = { cost: () => 500, outputFor: () => 1000 };
  for (const requestId of ["r1", "r2"]) {
    const ask = { requestId, accounts: ["key:a"], worst, wantedTokens: 10, floorTokens: 1 };
    await cashbook.hold(ask, () => ({ kind: "gateway.request" }));
  }
  await assert.rejects(cashbook.fold(), { kind: "overloaded_error" });
  const spend = { requestId: "r1", at: NOON, startedAt: NOON, keyId: "a", keyHash: "h", userId: null, teamId: null };
  const rest = {
    operation: "messages",
    alias: "m",
    model: "m",
    upstream: "u",
    outcome: "answered",
    microUsd: 7,
    promptTokens: 1,
    completionTokens: 2,
  };
  await cashbook.charge("r1", 7, () => ({ record: { kind: "gateway.answer" }, spend: { ...spend, ...rest } }));
  await assert.rejects(cashbook.fold(), { kind: "overloaded_error" });
  await note(0, 1);
  await cashbook.fold();
  assert.deepEqual(
    logged.map(({ event }) => event),
    ["books-late", "books-late"],
  );
  assert.equal(
    spendLog.find({ requestId: "r1", key: null, userId: null, teamId: null, from: 0, until: NOON + 1 }).length,
    1,
  );
  const held = books.db.prepare("SELECT request_id AS id FROM reservation").all();
  assert.deepEqual(
    held.map(({ id }) => id),
    ["r2"],
  );
  assert.equal(books.marks.booked, 4);
});

it("lets nobody else open the books", async (t) => {
  const { state } = await house(t);
  assert.throws(() => new Books(state), /cannot be opened/);
});
