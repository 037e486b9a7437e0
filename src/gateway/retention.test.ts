import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { openLedger } from "../ledger/index.ts";
import { Books } from "./books.ts";
import type { LogEntry } from "./log.ts";
import { retain } from "./retention.ts";
import { SpendLog } from "./spend-log.ts";

const DAY_MS = 86_400_000;

async function house(t: TestContext) {
  const state = mkdtempSync(join(tmpdir(), "demesne-retention-"));
  const time = { now: Date.UTC(2026, 0, 1, 12) };
  const clock = { now: () => time.now };
  const books = new Books(state);
  const ledger = openLedger(join(state, "ledger"), { clock });
  const logged: LogEntry[] = [];
  const effects = { ledger, clock, spendLog: new SpendLog(books), log: (entry: LogEntry) => void logged.push(entry) };
  t.after(async () => {
    await books.close();
    rmSync(state, { recursive: true });
  });
  const day = async (): Promise<void> => {
    await ledger.append({ kind: "gateway.request", day: time.now });
    await retain(effects, state, 3);
    time.now += DAY_MS;
  };
  return { state, ledger, logged, effects, day };
}

it("keeps so many days of the audit, and the checkpoints from there on, against which the rest verifies", async (t) => {
  const { state, ledger, day } = await house(t);
  for (let days = 0; days < 8; days += 1) await day();
  assert.equal((await Array.fromAsync(ledger.read())).length, 3);
  const names = readdirSync(join(state, "checkpoints"));
  assert.deepEqual([names.length, names[0]], [4, "2026-01-05.txt"]);
  const report = await ledger.verify(names.map((name) => readFileSync(join(state, "checkpoints", name), "utf8")));
  assert.deepEqual([report.isSound, report.faults, report.size], [true, [], 8]);
});

it("has nothing to say before the first record", async (t) => {
  const { state, effects, logged } = await house(t);
  await retain(effects, state, 3);
  assert.deepEqual(logged, []);
});

it("touches nothing of a ledger that is not sound, and says so", async (t) => {
  const { state, ledger, logged, day } = await house(t);
  for (let days = 0; days < 3; days += 1) await day();
  const [first = ""] = readdirSync(ledger.dir)
    .filter((name) => name.endsWith(".jsonl"))
    .sort();
  rmSync(join(ledger.dir, first));
  for (let days = 0; days < 4; days += 1) await day();
  assert.ok(logged.some((entry) => entry.event === "retention-failed"));
  assert.equal(readdirSync(join(state, "ledger")).filter((name) => name.endsWith(".jsonl")).length, 6);
});
