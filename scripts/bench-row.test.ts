// A budget decides by itself, whatever the bench says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { judged, renderRows, Row } from "./bench-row.ts";

const row = { bench: "plan", name: "of 112 resources", value: 50, unit: "x", ours: 0.2, theirs: 10, ok: true };

test("a budget is an operator and a number, and its edge counts as the operator says", () => {
  assert.deepEqual(
    [">= 50", "> 50", "<= 50", "< 50", "== 50", ">= 50.1", "<= -1", null].map(
      (budget) => judged({ ...row, budget }).ok,
    ),
    [true, false, true, false, true, false, false, null],
  );
});

test("a budget that cannot be judged is refused", () => {
  for (const budget of ["50", ">=50", "about 50", "=> 50"]) assert.throws(() => Row.parse({ ...row, budget }));
});

test("a table names the failed row", () => {
  const text = renderRows([judged({ ...row, budget: ">= 60" }), judged({ ...row, budget: null, theirs: null })]);
  assert.equal(
    text,
    [
      "bench  what              value  budget          ours  theirs",
      "plan   of 112 resources  50 x   >= 60   FAILED  0.2   10",
      "plan   of 112 resources  50 x                   0.2",
      "",
    ].join("\n"),
  );
});

test("a table shows four digits, and all that stand before the point", () => {
  const text = renderRows([judged({ ...row, value: 0.071039, budget: null, ours: 3069.6, theirs: 123_456.7 })]);
  assert.match(text, /0\.07104 x +3070  123500\n$/);
});
