// What the recognisers know and what an analyser guesses, put together; and, where it is installed, the real Presidio.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { analyse, merged } from "./analyser.ts";
import { KIND_NUMBER } from "./kinds.ts";
import { PrivacyPolicy } from "./policy.ts";

/** Ordered findings without overlaps, of one kind, at even places: what is left of one is two letters at least. */
function findings(kind: number): fc.Arbitrary<number[]> {
  return fc
    .array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 1, max: 5 })), { maxLength: 8 })
    .map((steps) => {
      let at = 0;
      return steps.flatMap(([gap, length]) => {
        const start = at + gap;
        at = start + length;
        return [start * 2, at * 2, kind];
      });
    });
}

/** Which kind each place has; 0 is none. */
function painted(all: readonly number[]): number[] {
  const places = Array.from({ length: 200 }, () => 0);
  for (let n = 0; n < all.length; n += 3) places.fill(all[n + 2] ?? 0, all[n] ?? 0, all[n + 1] ?? 0);
  return places;
}

describe("what is known and what is guessed", () => {
  it("leave what is no word between them", () => {
    assert.deepEqual(merged("Jane Doe, Leeds", [0, 8, 1], [0, 15, 2]), [0, 8, 1, 8, 15, 2]);
    assert.deepEqual(merged("Jane Doe, Leeds", [0, 8, 1], [5, 9, 2]), [0, 8, 1]);
  });

  it("cover together all that either covers, what is known first", () => {
    fc.assert(
      fc.property(findings(1), findings(2), (sure, guessed) => {
        const both = merged("xy".repeat(100), sure, guessed);
        const [one, other] = [painted(sure), painted(guessed)];
        assert.deepEqual(
          painted(both),
          one.map((kind, n) => kind || (other[n] ?? 0)),
        );
        const starts = both.filter((_, n) => n % 3 === 0);
        assert.deepEqual(
          starts,
          [...new Set(starts)].sort((a, b) => a - b),
        );
        assert.ok(both.every((value, n) => n % 3 !== 1 || value > (both[n - 1] ?? 0)));
      }),
      { numRuns: 2000 },
    );
  });
});

/** The folder of a virtual environment with presidio-analyzer in it: `pip install presidio-analyzer==2.2.366`. */
const presidio = process.env["DEMESNE_PRESIDIO"];
const program = join(import.meta.dirname, "../../../test/cases/privacy/presidio.py");

const skip = presidio === undefined && "DEMESNE_PRESIDIO names no environment with presidio-analyzer in it";

it("Presidio's own engine is asked and understood, also behind characters that count twice", { skip }, async (t) => {
  const child = spawn(join(presidio ?? "", "bin/python"), [program], { stdio: ["ignore", "pipe", "ignore"] });
  t.after(() => child.kill("SIGKILL"));
  const [url] = await once(createInterface({ input: child.stdout }), "line", { signal: AbortSignal.timeout(120_000) });
  const { analyser } = PrivacyPolicy.parse({ analyser: { url: String(url) } });
  assert.ok(analyser !== undefined);
  const texts = ["😀😀 Jane Doe of Leeds, 943 476 5919", "12", "nobody is here"];
  const found = await analyse(analyser, texts, AbortSignal.timeout(60_000));
  const [person, place] = [KIND_NUMBER["person"], KIND_NUMBER["place"]];
  assert.deepEqual(found, [[5, 13, person, 17, 22, place], [], []]);
  // Without one recogniser for what is asked it answers 500, and nothing leaves.
  const unknown = analyse({ ...analyser, entities: ["NOBODY"] }, ["Jane Doe"], AbortSignal.timeout(60_000));
  await assert.rejects(unknown, { kind: "overloaded_error" });
});
