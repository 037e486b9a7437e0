import assert from "node:assert/strict";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DURABLE, GroupCommit, SOON, type Disk, type Work } from "./group-commit.ts";

type Named = Work & { readonly name: string };

/** A disk whose flushes end when the test says so. */
function house(more: Partial<Disk<Named>> = {}) {
  const written: string[] = [];
  const told: string[] = [];
  const flushes: PromiseWithResolvers<void>[] = [];
  const commits = new GroupCommit<Named>({
    write: (batch) => {
      written.push(batch.map(({ name }) => name).join("+"));
      return batch;
    },
    flush: async () => {
      const flush = Promise.withResolvers<void>();
      flushes.push(flush);
      return await flush.promise;
    },
    mostFlushes: 2,
    ...more,
  });
  const push = (name: string, wish = DURABLE): void =>
    commits.push({ ...wish, name, done: () => told.push(`${name} done`), failed: () => told.push(`${name} failed`) });
  return { written, told, flushes, push };
}

/** Longer than a disk may take before the next flush is asked for. */
const slow = async (): Promise<void> => await sleep(10);

it("writes together what comes in one turn, and tells of it only after the flush", async () => {
  const { written, told, flushes, push } = house();
  push("a");
  push("b");
  await slow();
  assert.deepEqual([written, told], [["a+b"], []]);
  flushes[0]?.resolve();
  await slow();
  assert.deepEqual(told, ["a done", "b done"]);
});

it("does not wait for a slow disk before the next flush, nor count one before those ahead of it", async () => {
  const { written, told, flushes, push } = house();
  push("a");
  await slow();
  push("b");
  await slow();
  push("c");
  await slow();
  // Two are under way, which is the most.
  assert.deepEqual([written, flushes.length], [["a", "b"], 2]);
  flushes[1]?.resolve();
  await slow();
  assert.deepEqual(told, []);
  flushes[0]?.resolve();
  await slow();
  assert.deepEqual(
    [told, written],
    [
      ["a done", "b done"],
      ["a", "b", "c"],
    ],
  );
  flushes[2]?.resolve();
  await slow();
  assert.deepEqual(told, ["a done", "b done", "c done"]);
});

it("fails what was written behind a flush that failed, also where its own went well, and all that comes", async () => {
  const { written, told, flushes, push } = house();
  push("a");
  await slow();
  push("b");
  await slow();
  flushes[1]?.resolve();
  flushes[0]?.reject(new Error("EIO"));
  await slow();
  push("c");
  await slow();
  assert.deepEqual(
    [told, written],
    [
      ["a failed", "b failed", "c failed"],
      ["a", "b"],
    ],
  );
});

it("flushes on the spot for one that is alone, without another turn of the loop", () => {
  let flushed = 0;
  const { told, flushes, push } = house({ isQuiet: () => true, flushSync: () => void (flushed += 1) });
  push("a");
  assert.deepEqual([told, flushed, flushes.length], [["a done"], 1, 0]);
});

it("holds up nobody with that while another flush is under way, and breaks off when it fails", async () => {
  let isQuiet = false;
  const { told, flushes, push } = house({
    isQuiet: () => isQuiet,
    flushSync: () => {
      throw new Error("EIO");
    },
  });
  push("a");
  await slow();
  isQuiet = true;
  push("b");
  await slow();
  assert.equal(flushes.length, 2);
  for (const flush of flushes) flush.resolve();
  await slow();
  push("c");
  push("d");
  assert.deepEqual(told, ["a done", "b done", "c failed", "d failed"]);
});

it("lets what is patient wait for company, and flushes nothing for it alone", async () => {
  const { written, told, flushes, push } = house();
  push("later", SOON);
  assert.deepEqual(written, []);
  await slow();
  assert.deepEqual([written, told, flushes.length], [["later"], ["later done"], 0]);
});
