import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import * as fc from "fast-check";
import { Accounts } from "./accounts.ts";
import { Audit } from "./audit.ts";
import { Bookkeeper, type Round } from "./bookkeeper.ts";
import { Books } from "./books.ts";
import { Budgets, type Ask } from "./budgets.ts";
import { Cashbook } from "./cashbook.ts";
import { costOf, worstOf, type Price } from "./price.ts";

const PRICE: Price = { input: 3, cacheWrite5m: 3.75, cacheWrite1h: 6, cacheRead: 0.3, output: 15, imageTokens: 0 };
const ACCOUNTS = ["key:a", "key:b", "team:t"];

async function open(folder: string, clock: { now(): number }) {
  const books = new Books(folder);
  const budgets = new Budgets(books.db, clock);
  const audit = new Audit({ books, whenRecorded: () => {} });
  // Not in its thread, so that an image of the disk is taken between two rounds and not within one.
  let keeper: Bookkeeper | undefined;
  const bookkeeper = {
    run: async (round: Round) => (keeper ??= new Bookkeeper(folder)).run(round),
    close: async (carried: number) => keeper?.close(carried),
  };
  const cashbook = new Cashbook({ books, budgets, audit, bookkeeper, clock, log }, folder);
  await cashbook.fold();
  return {
    books,
    budgets,
    cashbook,
    set: async (id: string, cap: number, period: string | null) =>
      await books.commit(() => new Accounts({ books, budgets, clock }).set(id, { cap, period })),
    reserve: async (ask: Ask) => await cashbook.hold(ask, () => ({ kind: "gateway.request" })),
    settle: async (requestId: string, microUsd: number | undefined) =>
      await cashbook.charge(requestId, microUsd, () => ({ record: { kind: "gateway.answer" }, spend: null })),
    close: async () => {
      await cashbook.close();
      await books.close();
    },
  };
}

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "demesne-budgets-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function log(): void {}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("reserve" as const),
      who: fc.nat(1),
      input: fc.nat(3000),
      output: fc.integer({ min: 1, max: 2000 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("settle" as const),
      which: fc.nat(),
      share: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fold" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("clock" as const),
      byMs: fc.integer({ min: -90_000_000, max: 90_000_000 }),
    }),
  },
);

async function setUp(t: TestContext, cap: number) {
  const house = await open(temporary(t), { now: () => Date.UTC(2026, 10, 21) });
  t.after(house.close);
  await house.set("key:a", cap, "1mo");
  const worst = worstOf(PRICE, { inputTokens: 1000, mayWriteCache: false, isUsOnly: false });
  const reserve = async (requestId: string, more: Partial<Ask>) =>
    await house.reserve({ requestId, accounts: ["key:a"], worst, wantedTokens: 32_000, floorTokens: 4096, ...more });
  return { ...house, reserve };
}

describe("a budget", () => {
  it("is never overspent, whatever comes in which order: lowered output, missing usage, crashes, clock steps", async (t) => {
    const root = temporary(t);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.array(fc.nat(40_000), { minLength: 3, maxLength: 3 }),
        async (steps, caps) => {
          let now = Date.UTC(2026, 10, 21, 23, 0);
          const clock = { now: () => now };
          let folder = join(root, String((run += 1)));
          let house = await open(folder, clock);
          for (const [index, id] of ACCOUNTS.entries())
            await house.set(id, caps[index] ?? 0, index === 2 ? "1d" : null);
          const running: { id: string; output: number; input: number }[] = [];
          for (const [index, one] of steps.entries()) {
            if (one.do === "reserve") {
              const id = `r${index}`;
              const worst = worstOf(PRICE, { inputTokens: one.input, mayWriteCache: true, isUsOnly: false });
              const accounts = [ACCOUNTS[one.who] ?? "", "team:t"];
              const ask = { requestId: id, accounts, worst, wantedTokens: one.output, floorTokens: 100 };
              const grant = await house.reserve(ask);
              if (grant.kind === "granted") {
                assert.ok(grant.outputTokens >= Math.min(100, one.output) && grant.outputTokens <= one.output);
                running.push({ id, output: grant.outputTokens, input: one.input });
              }
            } else if (one.do === "settle") {
              const [request] = running.splice(one.which % Math.max(1, running.length), 1);
              if (request === undefined) continue;
              // The upstream is as expensive as it may be: all input written to the dear cache, or says nothing at all.
              const usage = {
                input: 0,
                cacheRead: 0,
                cacheWrite5m: 0,
                cacheWrite1h: request.input,
                output: Math.floor(request.output * (one.share ?? 0)),
              };
              const microUsd = one.share === null ? undefined : costOf(PRICE, usage, false);
              assert.equal((await house.settle(request.id, microUsd)).isOverrun, false);
            } else if (one.do === "fold") {
              await house.cashbook.fold();
            } else if (one.do === "clock") {
              now += one.byMs;
            } else {
              // What lies on the disk at this moment is all that the next process finds.
              const [left, image] = [house, `${folder}-${index}`];
              const before = ACCOUNTS.map((id) => left.budgets.look(id));
              cpSync(folder, image, { recursive: true });
              folder = image;
              house = await open(folder, clock);
              await left.close();
              assert.deepEqual(
                ACCOUNTS.map((id) => house.budgets.look(id)),
                before,
              );
              const unsettled = house.budgets.openReservations();
              assert.deepEqual(unsettled.sort(), running.map(({ id }) => id).sort());
              for (const requestId of unsettled) await house.settle(requestId, undefined);
              running.length = 0;
            }
            for (const id of ACCOUNTS) {
              const account = house.budgets.look(id);
              assert.ok(
                account !== undefined && account.spent + account.reserved <= (account.cap ?? 0),
                JSON.stringify(account),
              );
            }
          }
          await house.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it("lowers the output to what fits instead of starving the client", async (t) => {
    const house = await setUp(t, 3000 + 15 * 10_000);
    const grant = await house.reserve("r1", {});
    assert.ok(grant.kind === "granted");
    assert.deepEqual([grant.outputTokens, grant.microUsd, grant.closest?.id], [10_000, 153_000, "key:a"]);
  });

  it("tells held money from spent money", async (t) => {
    const house = await setUp(t, 100_000);
    await house.reserve("r1", { wantedTokens: 5000 });
    assert.equal((await house.reserve("r2", {})).kind, "held");
    await house.settle("r1", undefined);
    assert.equal((await house.reserve("r3", {})).kind, "spent");
  });

  it("settles a reservation once only", async (t) => {
    const house = await setUp(t, 1_000_000);
    await house.reserve("r1", {});
    const twice = async () => await house.settle("r1", 500);
    assert.deepEqual(
      [await twice(), await twice()],
      [
        { microUsd: 500, isOverrun: false },
        { microUsd: 0, isOverrun: false },
      ],
    );
    assert.equal(house.budgets.look("key:a")?.spent, 500);
  });

  it("of a payer that was made anew while its request was under way still reaches the books", async (t) => {
    const house = await setUp(t, 1_000_000);
    await house.reserve("r1", {});
    await house.cashbook.fold();
    house.budgets.forget("key:a");
    await house.set("key:a", 1_000_000, null);
    await house.settle("r1", 500);
    await house.cashbook.fold();
    assert.deepEqual([house.cashbook.waiting, house.books.marks], [0, { booked: 2, carried: 1 }]);
  });

  it("records more than was reserved truthfully and says so", async (t) => {
    const house = await setUp(t, 100_000);
    await house.reserve("r1", { wantedTokens: 100 });
    const settled = await house.settle("r1", 250_000);
    assert.deepEqual(settled, { microUsd: 250_000, isOverrun: true });
    assert.equal(house.budgets.look("key:a")?.spent, 250_000);
  });
});
