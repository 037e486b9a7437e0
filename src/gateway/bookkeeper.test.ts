import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { openLedger } from "../ledger/index.ts";
import { Accounts } from "./accounts.ts";
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
    budgets,
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
    if (tries > 12_000) throw new Error("waited for a minute");
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
  for (const requestId of ["r1", "r2"]) {
    await cashbook.hold(askOf(requestId), () => ({ kind: "gateway.request" }));
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
  // Told once for as long as they are left alone.
  assert.deepEqual(
    logged.map(({ event }) => event),
    ["books-late"],
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
  assert.throws(() => new Books(state), /another gateway is running on this folder/);
});

/** Does its work, but is not heard of again until it is told to answer. */
function unheard(state: string): Keeper & { isHeard: boolean } {
  const keeper = here(state);
  const one = {
    ...keeper,
    isHeard: false,
    run: async (round: Round) => {
      const report = await keeper.run(round);
      if (!one.isHeard) throw new Error("the thread ended");
      return report;
    },
  };
  return one;
}

const worst = { cost: () => 500, outputFor: () => 1000 };
const askOf = (requestId: string) => ({ requestId, accounts: ["key:a"], worst, wantedTokens: 10, floorTokens: 1 });

it("charges nothing twice when the thread ended after it had written, and counts what it sent out", async (t) => {
  let keeper: ReturnType<typeof unheard> | undefined;
  const { state, books, cashbook, audit, record, close } = await house(t, (folder) => (keeper = unheard(folder)));
  await books.commit((db) => db.exec("INSERT INTO account (id) VALUES ('key:a')"));
  await record(0, 5);
  await cashbook.hold(askOf("r1"), () => ({ kind: "gateway.request" }));
  await assert.rejects(cashbook.fold());
  assert.equal(audit.waiting, 0);
  if (keeper !== undefined) keeper.isHeard = true;
  await cashbook.charge("r1", 7, () => ({ record: { kind: "gateway.answer" }, spend: null }));
  await cashbook.fold();
  assert.equal(books.db.prepare("SELECT count(*) AS n FROM reservation").get()?.["n"], 0);
  await close();
  const again = await open(state, here(state));
  assert.deepEqual(again.cashbook.waiting, 0);
  await again.close();
});

it("thinks of what came while a round ran, also when nothing comes after it", async (t) => {
  const { note, told, waiting } = await house(t, (state) => {
    const keeper = here(state);
    return {
      ...keeper,
      run: async (round) => {
        await new Promise((resolve) => setTimeout(resolve, 800));
        return await keeper.run(round);
      },
    };
  });
  await note(0, 1);
  await new Promise((resolve) => setTimeout(resolve, 600));
  await note(1, 1);
  await until(() => waiting() === 0);
  assert.deepEqual(await told(), [0, 1]);
});

it("keeps nothing from the ledger while the books refuse", async (t) => {
  const asked: boolean[] = [];
  const { note, waiting } = await house(t, () => ({
    close: async () => {},
    run: async ({ last, carried, mayCarry }) => {
      asked.push(mayCarry);
      // As long as SQLite waits for a lock, and longer than they are left alone.
      await new Promise((resolve) => setTimeout(resolve, 2200));
      return { isBooked: false, carried: mayCarry ? last : carried, sentOut: 0, isLate: false };
    },
  }));
  await note(0, 1);
  await until(() => asked.length === 2);
  await note(1, 1);
  await until(() => asked.length === 3 && waiting() === 0);
  assert.deepEqual(asked.slice(0, 3), [true, true, true]);
});

it("takes half a character for none, so that one record keeps no other from the ledger", async (t) => {
  const { cashbook, ledger, waiting } = await house(t);
  await cashbook.note({ kind: "gateway.answer", inferenceGeo: "us\ud800" });
  await cashbook.note({ kind: "gateway.answer", inferenceGeo: "us" });
  await cashbook.fold();
  await until(() => waiting() === 0);
  const geos = (await Array.fromAsync(ledger.read())).map(({ record }) => record["inferenceGeo"]);
  assert.deepEqual(geos, ["us\ufffd", "us"]);
});

it("gives an owner that was made anew nothing of what the one before had spent", async (t) => {
  const go = Promise.withResolvers<void>();
  let isHeldUp = false;
  const { state, books, budgets, cashbook, close } = await house(t, (folder) => {
    const keeper = here(folder);
    return {
      ...keeper,
      run: async (round) => (isHeldUp ? await go.promise.then(() => keeper.run(round)) : keeper.run(round)),
    };
  });
  const accounts = new Accounts({ books, budgets, clock: { now: () => NOON } });
  await books.commit(() => accounts.set("key:a", { cap: 1000 }));
  await cashbook.hold(askOf("r1"), () => ({ kind: "gateway.request" }));
  await cashbook.charge("r1", 500, () => ({ record: { kind: "gateway.answer" }, spend: null }));
  isHeldUp = true;
  const round = cashbook.fold();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await books.commit(() => accounts.remove("key:a"));
  await books.commit(() => accounts.set("key:a", { cap: 1000 }));
  isHeldUp = false;
  go.resolve();
  await round;
  await close();
  const again = await open(state, here(state));
  assert.equal(again.budgets.look("key:a")?.spent, 0);
  await again.close();
});
