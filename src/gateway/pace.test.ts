import assert from "node:assert/strict";
import { it } from "node:test";
import { Pace } from "./pace.ts";
import { Refusal } from "./refusal.ts";

const MB = 1024 * 1024;
const patient = new AbortController().signal;

/** How many of these bodies are taken up at once; the others wait. */
async function takenAtOnce(pace: Pace, sizes: readonly number[], signal = patient): Promise<number> {
  let taken = 0;
  const all = sizes.map(async (size) => {
    await pace.turn(size, signal);
    taken += 1;
  });
  // No timer has run out by then.
  await new Promise((resolve) => setImmediate(resolve));
  const atOnce = taken;
  await Promise.allSettled(all);
  return atOnce;
}

it("lets everything through while nothing streams, and small bodies always", async () => {
  assert.equal(
    await takenAtOnce(
      new Pace(() => false),
      Array.from({ length: 20 }, () => MB),
    ),
    20,
  );
  assert.equal(
    await takenAtOnce(
      new Pace(() => true),
      Array.from({ length: 200 }, () => 100_000),
    ),
    200,
  );
});

it("takes up some large bodies at once and the others one after the other while answers stream", async () => {
  const atOnce = await takenAtOnce(
    new Pace(() => true),
    Array.from({ length: 11 }, () => MB),
  );
  assert.ok(atOnce === 8 || atOnce === 9, `${atOnce} of 11`);
});

it("lets a client go that does not want to wait any more, with the reason", async () => {
  const pace = new Pace(() => true);
  const leaving = new AbortController();
  const last = [30 * MB, MB].map(async (size) => await pace.turn(size, leaving.signal));
  leaving.abort(new Refusal("invalid_request_error", "the client went away"));
  for (const one of await Promise.allSettled(last)) {
    assert.ok(one.status === "rejected");
    assert.equal(one.reason.message, "the client went away");
  }
});
