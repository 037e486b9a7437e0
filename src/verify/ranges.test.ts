// Ports and ranges say the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { portsOf, rangesOf, showRanges } from "./ranges.ts";

const port = fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 40 }));

test("ranges of ports hold these ports and no other", () => {
  fc.assert(
    fc.property(fc.array(port), (ports) => {
      assert.deepEqual(portsOf(rangesOf(ports)), new Set([...ports].sort((a, b) => a - b)));
    }),
  );
});

test("no two ranges touch", () => {
  fc.assert(
    fc.property(fc.array(port), (ports) => {
      const ranges = rangesOf(ports);
      assert.ok(ranges.every(([first], index) => index === 0 || first > (ranges[index - 1]?.[1] ?? 0) + 1));
    }),
  );
});

test("a long list is cut, and says by how much", () => {
  assert.equal(showRanges([[22, 22]]), "22");
  assert.equal(showRanges(rangesOf([1, 2, 3, 5, 7]), 2), "1-3, 5 and 1 more ranges");
});
