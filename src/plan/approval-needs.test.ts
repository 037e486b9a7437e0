import assert from "node:assert/strict";
import { test } from "node:test";
import { approvalNeeds, needInWords, type ApprovalRules } from "./approval-needs.ts";

const rules: ApprovalRules = {
  routine: { people: 1, author: true, key: "any" },
  restart: { people: 0, author: true, key: "any" },
  connectivity: { people: 2, author: false, key: "any" },
  "data-loss": { people: 2, author: true, key: "touched" },
  reboot: { people: 1, author: true, key: "verified" },
};
const risky = (...held: readonly (keyof ApprovalRules)[]) => ({ changes: held.map((risk) => ({ risk })) });

test("each risk that any host's plan holds asks for its own, the gravest first; one that asks for nobody is left out", () => {
  const needs = approvalNeeds([risky("routine", "restart"), risky("connectivity", "connectivity")], rules);
  assert.deepEqual(
    needs.map((each) => [each.risk, each.people, each.author]),
    [
      ["connectivity", 2, false],
      ["routine", 1, true],
    ],
  );
});

test("a plan without changes is routine: what it narrows on a host is a change too", () => {
  assert.deepEqual(
    approvalNeeds([risky()], rules).map((each) => each.risk),
    ["routine"],
  );
});

test("in words", () => {
  const words = approvalNeeds([risky("reboot", "data-loss", "connectivity", "routine")], rules).map(needInWords);
  assert.deepEqual(words, [
    "1 person, with a FIDO key that is touched and knows its user",
    "2 people, each with a FIDO key that is touched",
    "2 people besides the author, who signs too",
    "1 person",
  ]);
});
