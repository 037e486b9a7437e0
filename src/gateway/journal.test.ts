import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { z } from "zod";
import { DURABLE } from "./group-commit.ts";
import { Journal } from "./journal.ts";

const Entry = z.strictObject({ n: z.number(), text: z.string() });

function house(t: TestContext) {
  const state = mkdtempSync(join(tmpdir(), "demesne-journal-"));
  t.after(() => rmSync(state, { recursive: true }));
  const open = (folded = 0) => new Journal(state, folded, Entry);
  const recovered = (folded = 0): number[] => {
    const journal = open(folded);
    journal.close();
    return journal.recovered.entries.map(({ n }) => n);
  };
  return { state, open, recovered };
}

async function write(journal: ReturnType<ReturnType<typeof house>["open"]>, numbers: readonly number[]): Promise<void> {
  for (const n of numbers) {
    await journal.commit(() => ({ value: n, entry: { n, text: "a line\nwith a line's end" } }), DURABLE);
  }
}

it("gives back what was written and not folded, in order, from both files", async (t) => {
  const { open, recovered } = house(t);
  const journal = open();
  await write(journal, [1, 2, 3]);
  assert.deepEqual(journal.cut()?.entries.length, 3);
  await write(journal, [4, 5]);
  journal.close();
  assert.deepEqual(recovered(), [1, 2, 3, 4, 5]);
  assert.deepEqual(recovered(3), [4, 5]);
  assert.deepEqual(recovered(5), []);
});

it("writes over a file that was folded, and never takes its old lines for new ones", async (t) => {
  const { open, recovered } = house(t);
  const journal = open();
  await write(journal, [1, 2, 3, 4, 5, 6]);
  journal.cut();
  await write(journal, [7]);
  journal.cut();
  await write(journal, [8]);
  journal.close();
  assert.deepEqual(recovered(6), [7, 8]);
});

it("leaves out a line that a crash tore, and goes on behind what is whole", async (t) => {
  const { state, open, recovered } = house(t);
  const journal = open();
  await write(journal, [1, 2]);
  journal.close();
  const path = join(state, "journal-0");
  truncateSync(path, readFileSync(path).length - 5);
  appendFileSync(path, "\0\0\0");
  assert.deepEqual(recovered(), [1]);
  const again = open();
  assert.equal(again.recovered.last, 1);
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
