import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { openLedger } from "../ledger/index.ts";
import { Audit } from "./audit.ts";
import { Books } from "./books.ts";
import { LedgerThread } from "./ledger-thread.ts";
import type { LogEntry } from "./log.ts";

function house(t: TestContext) {
  const state = mkdtempSync(join(tmpdir(), "demesne-audit-"));
  const clock = { now: () => Date.UTC(2026, 0, 1) };
  const books = new Books(state);
  const ledger = openLedger(join(state, "ledger"), { clock });
  const logged: LogEntry[] = [];
  const log = (entry: LogEntry): void => void logged.push(entry);
  const audit = new Audit({ books, ledger, thread: new LedgerThread(), clock, log });
  t.after(async () => {
    await audit.settled();
    await books.close();
    rmSync(state, { recursive: true });
  });
  const record = async (first: number, count: number): Promise<void> =>
    await books.commit(() => {
      for (let at = 0; at < count; at += 1) audit.record({ kind: "gateway.refused", at: first + at });
    });
  const told = async () => (await Array.fromAsync(ledger.read())).map(({ record: { at } }) => at);
  return { books, ledger, audit, logged, record, told };
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries += 1) {
    if (tries > 2000) throw new Error("waited for 10 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

it("carries more than a batch in order, each record once, and counts what waits", async (t) => {
  const { ledger, audit, record, told } = house(t);
  await record(0, 1200);
  assert.equal(audit.waiting, 1200);
  await until(() => audit.waiting === 0);
  assert.deepEqual(
    await told(),
    Array.from({ length: 1200 }, (_, at) => at),
  );
  assert.deepEqual((await ledger.verify()).faults, []);
});

it("does not count what a transaction took back", async (t) => {
  const { books, audit, record, told } = house(t);
  const broken = books.commit(() => {
    audit.record({ kind: "gateway.refused", at: -1 });
    throw new Error("the neighbour's own fault");
  });
  await assert.rejects(broken);
  await record(0, 1);
  await until(() => audit.waiting === 0);
  assert.deepEqual(await told(), [0]);
});

it("says when the ledger refuses, and carries all of it once it does not any more", async (t) => {
  const { ledger, audit, logged, record, told } = house(t);
  writeFileSync(ledger.dir, "a file where the folder should be");
  await record(0, 3);
  await until(() => logged.length > 0);
  assert.deepEqual(logged, [{ event: "audit-late", waiting: 3 }]);
  rmSync(ledger.dir);
  await record(3, 2);
  await until(() => audit.waiting === 0);
  assert.deepEqual(await told(), [0, 1, 2, 3, 4]);
});
