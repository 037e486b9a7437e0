// Every input that fuzzing kept (bench/gateway-fuzz.ts) still ends in an answer or a refusal, wherever a stream is cut.
import assert from "node:assert/strict";
import { it } from "node:test";
import { keptInputs } from "../../bench/gateway/fuzz-corpus.ts";
import { execute, targets } from "../../test/cases/gateway-fuzz/targets.ts";

for (const [name, target] of Object.entries(targets)) {
  it(`${name} reads what fuzzing kept`, () => {
    const kept = keptInputs(name);
    assert.notEqual(kept.length, 0);
    for (const bytes of kept)
      for (const cut of [1, 7, 64, 100_000]) assert.equal(typeof execute(target, bytes, cut), "string");
  });
}
