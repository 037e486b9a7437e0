import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { z } from "zod";
import { DURABLE } from "./group-commit.ts";
import { Journal } from "./journal.ts";
import { JOURNAL_FILES, type Range } from "./journal-files.ts";

const Entry = z.strictObject({ n: z.number(), text: z.string() });

function house(t: TestContext) {
  const state = mkdtempSync(join(tmpdir(), "demesne-journal-"));
  t.after(() => rmSync(state, { recursive: true }));
  const open = (done = 0) => new Journal(state, { booked: done, carried: done, schema: Entry });
  const recovered = (done = 0): number[] => {
    const journal = open(done);
    journal.close();
    return journal.recovered.map(({ n }) => n);
  };
  return { state, open, recovered };
}

async function write(
  journal: ReturnType<ReturnType<typeof house>["open"]>,
  numbers: readonly number[],
  text = "a line\nwith a line's end",
): Promise<void> {
  for (const n of numbers) await journal.commit(() => ({ value: n, entry: { n, text } }), DURABLE);
}

/** What stands in ranges that somebody took. */
function linesOf(state: string, ranges: readonly Range[]): number[] {
  return ranges.flatMap(({ file, start, end }) => {
    const text = readFileSync(join(state, JOURNAL_FILES[file])).subarray(start, end).toString("utf8");
    return text
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line.slice(9)).entry.n);
  });
}

/** Three of these fill a file. */
const LARGE = "x".repeat(800_000);

it("gives back what was written and is not done, in order, and goes on behind it", async (t) => {
  const { open, recovered } = house(t);
  const journal = open();
  await write(journal, [1, 2, 3]);
  journal.close();
  const again = open();
  await write(again, [4, 5]);
  again.close();
  assert.deepEqual(recovered(), [1, 2, 3, 4, 5]);
  assert.deepEqual(recovered(3), [4, 5]);
  assert.deepEqual(recovered(5), []);
});

it("says where what is new stands, each line once, over both files", async (t) => {
  const { state, open } = house(t);
  const journal = open();
  await write(journal, [1, 2]);
  assert.deepEqual(linesOf(state, journal.take()), [1, 2]);
  await write(journal, [3, 4, 5], LARGE);
  // The first file is full, the other one free.
  await write(journal, [6]);
  const ranges = journal.take();
  assert.deepEqual(
    ranges.map(({ file, last }) => [file, last]),
    [
      [0, 5],
      [1, 6],
    ],
  );
  assert.deepEqual(linesOf(state, ranges), [3, 4, 5, 6]);
  assert.deepEqual(journal.take(), []);
  journal.close();
  assert.deepEqual(linesOf(state, open().take()), [1, 2, 3, 4, 5, 6]);
});

it("writes over a file only when all of it is done, and never takes its old lines for new ones", async (t) => {
  const { state, open, recovered } = house(t);
  const journal = open();
  await write(journal, [1, 2, 3], LARGE);
  await write(journal, [4, 5, 6], LARGE);
  assert.deepEqual(
    journal.take().map(({ file }) => file),
    [0, 1],
  );
  // Full as well, but the other one's lines are nowhere else yet.
  await write(journal, [7]);
  journal.release(2);
  await write(journal, [8]);
  assert.deepEqual(
    journal.take().map(({ file }) => file),
    [1],
  );
  journal.release(3);
  await write(journal, [9]);
  assert.deepEqual(linesOf(state, journal.take()), [9]);
  journal.close();
  assert.ok(readFileSync(join(state, JOURNAL_FILES[0])).length > LARGE.length, "nothing old stands behind");
  assert.deepEqual(recovered(3), [4, 5, 6, 7, 8, 9]);
});

it("leaves out a line that a crash tore, and goes on behind what is whole", async (t) => {
  const { state, open, recovered } = house(t);
  const journal = open();
  await write(journal, [1, 2]);
  journal.close();
  const path = join(state, "journal-0");
  truncateSync(path, readFileSync(path, "latin1").lastIndexOf("\n") - 4);
  appendFileSync(path, "\0\0\0");
  assert.deepEqual(recovered(), [1]);
  const again = open();
  assert.equal(again.last, 1);
  again.close();
});

it("takes back what cannot be written, last first, and says so with 529", async (t) => {
  const journal = house(t).open();
  journal.close();
  const undone: number[] = [];
  const asked = [1, 2].map(async (n) =>
    journal.commit(() => ({ value: n, entry: { n, text: "" }, undo: () => void undone.push(n) }), DURABLE),
  );
  const results = await Promise.allSettled(asked);
  assert.deepEqual(undone, [2, 1]);
  for (const result of results) {
    assert.ok(result.status === "rejected");
    assert.equal(result.reason.kind, "overloaded_error");
  }
});

function printed(n: number): string {
  const text = JSON.stringify({ seq: n, entry: { n, text: "" } });
  return `${crc32(text).toString(16).padStart(8, "0")} ${text}\n`;
}

it("never reads a whole line behind a torn one, also when another is written in that one's place", async (t) => {
  const { state, open, recovered } = house(t);
  writeFileSync(
    join(state, "journal-0"),
    [1, 2, 3].map(printed).join("") + "\0".repeat(printed(4).length) + printed(5),
  );
  const journal = open();
  await write(journal, [4], "");
  journal.close();
  assert.deepEqual(recovered(), [1, 2, 3, 4]);
});

it("goes on behind lines that are all older than what is done", async (t) => {
  const { state, open, recovered } = house(t);
  writeFileSync(join(state, "journal-1"), [1, 2, 3].map(printed).join(""));
  const journal = open(6);
  await write(journal, [7, 8], "");
  journal.close();
  assert.deepEqual(recovered(6), [7, 8]);
});
