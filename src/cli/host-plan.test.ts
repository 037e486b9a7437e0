import assert from "node:assert/strict";
import { resolve } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { describe, it } from "node:test";
import { loadEstate, type EstateHost } from "../estate/index.ts";
import { everyHost } from "./host-plan.ts";

const harbour = resolve(import.meta.dirname, "../../examples/harbour");
const noon = { now: () => Date.parse("2026-11-21T12:00:00Z") };

async function hosts(count: number): Promise<EstateHost[]> {
  const [model] = (await loadEstate(harbour, { signal: AbortSignal.timeout(120_000), clock: noon })).hosts;
  assert.ok(model);
  return Array.from({ length: count }, (_, at) => ({ ...model, id: `node-${at}` }));
}

describe("every host", () => {
  it("is worked at once, in order of answers, a bounded number at a time", async () => {
    const all = await hosts(100);
    let running = 0;
    let most = 0;
    const answers = await everyHost(all, async ({ id }) => {
      most = Math.max(most, (running += 1));
      // The later ones are the quicker ones.
      for (let left = 100 - Number(id.slice(5)); left > 0; left -= 1) await turn();
      running -= 1;
      return id;
    });
    assert.deepEqual(
      answers,
      all.map(({ id }) => id),
    );
    assert.equal(most, 64);
  });

  it("is not begun after one has failed", async () => {
    const begun: string[] = [];
    const failing = everyHost(await hosts(100), async ({ id }) => {
      begun.push(id);
      await turn();
      if (id === "node-3") throw new Error("no answer");
      await turn();
    });
    await assert.rejects(failing, /no answer/);
    for (let turns = 0; turns < 200; turns += 1) await turn();
    assert.equal(begun.length, 64, "only those that were begun before it failed");
  });
});
