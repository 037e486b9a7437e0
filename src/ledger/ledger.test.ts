// What the ledger promises, shown with real files and real processes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as fc from "fast-check";
import { Problem } from "../lib/problem.ts";
import { appendSync } from "./append.ts";
import { readTail } from "./segment.ts";
import { openLedger } from "./index.ts";

let root = "";
before(async () => {
  root = await mkdtemp(join(tmpdir(), "ledger-"));
});
after(async () => await rm(root, { recursive: true, force: true }));

const at = (iso: string): { now: () => number } => ({ now: () => Date.parse(iso) });
const fresh = async (): Promise<string> => join(await mkdtemp(join(root, "l-")), "ledger");
const segmentsOf = async (dir: string): Promise<string[]> =>
  (await readdir(dir)).filter((name) => name.endsWith(".jsonl")).sort();
const newest = async (dir: string): Promise<string> => join(dir, (await segmentsOf(dir)).at(-1) ?? "");

test("records come back in order, each with its number and hash", async () => {
  const ledger = openLedger(await fresh(), { clock: at("2026-11-21T10:00:00Z") });
  const receipts = await Promise.all([1, 2, 3].map(async (step) => await ledger.append({ kind: "step", step })));
  const entries = await Array.fromAsync(ledger.read());
  assert.deepEqual(
    entries.map(({ seq, hash }) => ({ seq, hash })),
    receipts,
  );
  assert.deepEqual(entries[1]?.record, { kind: "step", step: 2 });
  assert.equal(entries[1]?.at, "2026-11-21T10:00:00.000Z");
  assert.equal(entries[2]?.prev, entries[1]?.hash);
  const report = await ledger.verify();
  assert.deepEqual([report.isSound, report.size, report.faults], [true, 3, []]);
});

test("a record that is not JSON is refused alone", async () => {
  const ledger = openLedger(await fresh());
  const [good, bad, alsoGood] = await Promise.allSettled([
    ledger.append({ kind: "a" }),
    ledger.append({ kind: "b", n: Number.NaN }),
    ledger.append({ kind: "c" }),
  ]);
  assert.deepEqual([good.status, bad.status, alsoGood.status], ["fulfilled", "rejected", "fulfilled"]);
  assert.equal((await ledger.verify()).size, 2);
});

test("property: one flipped byte is found", async () => {
  const dir = await fresh();
  appendSync(
    dir,
    Array.from({ length: 5 }, (_, n) => ({ kind: "entry", n, text: "größe \ufffd" })),
    { now: 0, waitMs: 20_000 },
  );
  const file = await newest(dir);
  const bytes = await readFile(file);
  const property = fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (index, mask) => {
    const flipped = Buffer.from(bytes);
    flipped[index] = (bytes[index] ?? 0) ^ mask;
    await writeFile(file, flipped);
    const report = await openLedger(dir).verify();
    assert.ok(!report.isSound || report.tornBytes > 0, `byte ${index} ^ ${mask} went unseen`);
  });
  await fc.assert(property, { numRuns: 300 });
  await writeFile(file, bytes);
  assert.equal((await openLedger(dir).verify()).isSound, true);
});

test("a line that is sound in itself but follows another history is found", async () => {
  const [one, other] = [openLedger(await fresh()), openLedger(await fresh())];
  for (const ledger of [one, other]) for (const n of [1, 2, 3]) await ledger.append({ kind: ledger.dir, n });
  const foreign = (await readFile(await newest(other.dir), "utf8")).split("\n")[1] ?? "";
  const lines = (await readFile(await newest(one.dir), "utf8")).split("\n");
  await writeFile(await newest(one.dir), lines.with(1, foreign).join("\n"));
  const { faults } = await one.verify();
  assert.deepEqual(
    faults.map(({ where, what }) => [where.split(":")[1], what]),
    [
      ["2", "does not follow the line before it"],
      ["3", "does not follow the line before it"],
    ],
  );
});

test("a torn last line is cut off, and the next entry says so", async () => {
  const ledger = openLedger(await fresh());
  await ledger.append({ kind: "whole" });
  await appendFile(await newest(ledger.dir), '{"entry":{"at":"20');
  assert.equal((await ledger.verify()).tornBytes, 18);
  await ledger.append({ kind: "next" });
  const entries = await Array.fromAsync(ledger.read());
  assert.equal(entries[1]?.healed?.bytes, 18);
  assert.deepEqual(await ledger.verify().then(({ isSound, size, tornBytes }) => [isSound, size, tornBytes]), [
    true,
    2,
    0,
  ]);
});

test("a segment whose writer died at once is replaced", async () => {
  const ledger = openLedger(await fresh(), { clock: at("2026-11-21T10:00:00Z") });
  await ledger.append({ kind: "whole" });
  await writeFile(join(ledger.dir, "000000000002-2026-11-22.jsonl"), "");
  await ledger.append({ kind: "next" });
  assert.deepEqual(await segmentsOf(ledger.dir), ["000000000001-2026-11-21.jsonl"]);
  assert.equal((await ledger.verify()).isSound, true);
});

test("nothing is appended behind a damaged line", async () => {
  const ledger = openLedger(await fresh());
  await ledger.append({ kind: "whole" });
  await appendFile(await newest(ledger.dir), "garbage\n");
  await assert.rejects(ledger.append({ kind: "next" }), (error) => error instanceof Problem && error.code === "ledger");
});

test("a new day and a full file each start a segment", async () => {
  const dir = await fresh();
  await openLedger(dir, { clock: at("2026-11-21T23:59:59Z") }).append({ kind: "evening" });
  await openLedger(dir, { clock: at("2026-11-22T00:00:01Z") }).append({ kind: "morning" });
  await openLedger(dir, { clock: at("2026-11-20T00:00:00Z") }).append({ kind: "clock set back" });
  await openLedger(dir, { clock: at("2026-11-22T09:00:00Z"), maxSegmentBytes: 100 }).append({ kind: "full" });
  assert.deepEqual(await segmentsOf(dir), [
    "000000000001-2026-11-21.jsonl",
    "000000000002-2026-11-22.jsonl",
    "000000000004-2026-11-22.jsonl",
  ]);
  assert.equal((await openLedger(dir).verify()).isSound, true);
});

test("cutting the end and rewriting it are seen against a checkpoint kept elsewhere", async () => {
  const ledger = openLedger(await fresh());
  for (const n of [1, 2, 3]) await ledger.append({ kind: "step", n });
  const kept = await ledger.checkpoint("test/one");
  await ledger.append({ kind: "later" });
  assert.equal((await ledger.verify([kept])).isSound, true);
  const file = await newest(ledger.dir);
  const lines = (await readFile(file, "utf8")).split("\n");
  await truncate(file, Buffer.byteLength(`${lines.slice(0, 2).join("\n")}\n`));
  const cut = await ledger.verify([kept]);
  assert.match(cut.faults[0]?.what ?? "", /was cut: 1 entries are missing/);
  await ledger.append({ kind: "step", n: 99 });
  assert.equal((await ledger.verify()).isSound, true, "the chain alone cannot know");
  assert.match((await ledger.verify([kept])).faults[0]?.what ?? "", /was rewritten/);
});

test("pruned segments are gone, and what is left still verifies against old and new checkpoints", async () => {
  const dir = await fresh();
  const ledger = openLedger(dir, { maxSegmentBytes: 1 });
  for (let n = 0; n < 7; n += 1) await ledger.append({ kind: "step", n });
  const kept = await ledger.checkpoint("test/one");
  for (let n = 7; n < 9; n += 1) await ledger.append({ kind: "step", n });
  const whole = await ledger.verify([kept]);
  assert.equal(await ledger.prune(kept), 7);
  const report = await ledger.verify([kept]);
  assert.deepEqual([report.isSound, report.size, report.pruned, report.root], [true, 9, 7, whole.root]);
  assert.equal((await Array.fromAsync(ledger.read()))[0]?.seq, 8);
  const state = await readFile(join(dir, "pruned.json"), "utf8");
  await writeFile(join(dir, "pruned.json"), state.replace(/"peaks":\["../, '"peaks":["00'));
  assert.match((await ledger.verify()).faults[0]?.what ?? "", /was rewritten/);
});

const WRITER = `
  const { appendSync } = await import(process.argv[1]);
  const until = Date.now() + 120000;
  for (let n = 0; Date.now() < until; n += 1) appendSync(process.argv[2], [{ kind: "writer", pid: process.pid, n }], { now: Date.now(), waitMs: 20000 });
`;

/** However slow the machine is: the writers are at it before they are killed. */
async function grownTo(dir: string, size: number): Promise<void> {
  const until = Date.now() + 120_000;
  while (Date.now() < until && (!existsSync(dir) || readTail(dir).seq < size)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("writers in different processes, killed at any moment, leave a chain that verifies", async () => {
  const dir = await fresh();
  const module = new URL("append.ts", import.meta.url).href;
  for (let round = 0; round < 4; round += 1) {
    const writers = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ["--input-type=module", "-e", WRITER, module, dir], {
        stdio: ["ignore", "ignore", "inherit"],
      }),
    );
    await grownTo(dir, (round + 1) * 10);
    for (const writer of writers) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      writer.kill("SIGKILL");
      await once(writer, "exit");
    }
  }
  appendSync(dir, [{ kind: "last" }], { now: Date.now(), waitMs: 20_000 });
  const report = await openLedger(dir).verify();
  assert.deepEqual(report.faults, []);
  assert.ok(report.size > 20, `only ${report.size} entries were written`);
});

test("a lock whose owner lives is waited for, then told", async () => {
  const dir = await fresh();
  appendSync(dir, [{ kind: "first" }], { now: 0, waitMs: 20_000 });
  const { lockSync, unlock } = await import("./lock.ts");
  const held = lockSync(dir, 20_000);
  assert.throws(
    () => appendSync(dir, [{ kind: "second" }], { now: 0, waitMs: 50 }),
    (error) => error instanceof Problem && error.what.includes(`held by process ${process.pid}`),
  );
  unlock(held);
  appendSync(dir, [{ kind: "second" }], { now: 0, waitMs: 20_000 });
});
