// Each kind's behaviours are files: test/cases/<kind>/<sentence>.json. What the probe answers -> what was observed;
// what is wanted and what is there -> what is done, in steps and in words.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { z } from "zod";
// oxlint-disable-next-line no-restricted-imports -- a test reads its cases; the room itself stays pure
import { readCase, readCases } from "../../test/cases/read.ts";
import { Answer, idOf, kindOf, kinds, Query, risks, Step, type Change, type Kind, type Ref } from "./index.ts";
import { Task } from "./step.ts";

const Told = z.array(z.strictObject({ query: Query, answer: Answer }));
const Capture = z.strictObject({ about: z.string(), answers: Told });

const Facts = z.strictObject({
  fresh: z.array(z.templateLiteral([z.string(), ":", z.string()])).exactOptional(),
  units: z.record(z.string(), z.strictObject({ enabled: z.boolean(), active: z.boolean() })).exactOptional(),
  recreated: z.array(z.templateLiteral([z.string(), ":", z.string()])).exactOptional(),
  rewritten: z.array(z.templateLiteral([z.string(), ":", z.string()])).exactOptional(),
});
const Touches = z.strictObject({
  paths: z.array(z.string()).optional(),
  units: z.array(z.string()).optional(),
  tables: z.array(z.string()).optional(),
});
/** `wanted`, or the id of what is owned and no longer wanted. */
const subject = { wanted: z.json().optional(), id: z.string().optional(), note: z.string().optional() };

/** What the probe answers -> what was observed. Captures are real output, kept in test/cases/captures. */
const Reading = z.strictObject({
  ...subject,
  captures: z.array(z.string()).default([]),
  answers: Told.default([]),
  observed: z.json(),
});

/** What is wanted and what is there -> what is done. */
const Deciding = z.strictObject({
  ...subject,
  have: z.json(),
  facts: Facts.default({}),
  is: z.enum(["same", "refused", "change"]),
  what: z.string().optional(),
  fix: z.string().optional(),
  action: z.enum(["create", "update", "remove"]).optional(),
  differences: z.array(z.tuple([z.string(), z.json(), z.json()])).optional(),
  risk: z.enum(risks).optional(),
  steps: z.array(Step).optional(),
  sentence: z.string().optional(),
  touches: Touches.optional(),
  predicts: Facts.optional(),
});

/** Several changes of one kind -> the steps they become together. */
const Batching = z.strictObject({
  note: z.string().optional(),
  batch: z.array(z.strictObject({ ...subject, have: z.json(), facts: Facts.default({}) })),
  steps: z.array(Step),
});

/** What a role must not be able to want. */
const Malformed = z.strictObject({ ...subject, malformed: z.string() });

/** What is wanted -> the same as plain Ansible tasks, for an exported project. */
const Exported = z.strictObject({ ...subject, exported: z.array(Task) });

/** What is wanted -> what must be there first, besides what its role says. */
const Standing = z.strictObject({ ...subject, needs: z.array(z.string()) });

const Case = z.union([Reading, Deciding, Batching, Malformed, Exported, Standing]);
type Case = z.infer<typeof Case>;
type Subject = { readonly wanted?: unknown; readonly id?: string | undefined };

/** Fewest cases of each kind; a kind that is not named here needs four. */
const FEWEST: Readonly<Record<string, number>> = { file: 8, package: 8, unit: 8, "nft-table": 8 };

test("what many may have on a host, and what only Demesne may change where it is not adopted", () => {
  const ownable = kinds.filter((each) => each.ownable).map((each) => each.kind);
  assert.deepEqual(ownable, ["apt-source", "user", "directory", "file", "nft-table", "network", "stack"]);
});

for (const kind of kinds) {
  describe(kind.kind, () => {
    const cases = readCases(kind.kind, Case);
    for (const { sentence, given } of cases) test(sentence, () => check(kind, given));

    test("has cases of every sort", () => {
      assert.ok(cases.length >= (FEWEST[kind.kind] ?? 4), `${cases.length} cases`);
      const sorts = new Set(cases.map(({ given }) => sortOf(given)));
      const needed = ["observed", "same", "exported", ...(kind.ownable ? ["remove"] : [])];
      assert.deepEqual(
        needed.filter((each) => !sorts.has(each)),
        [],
        "sorts of case that are missing",
      );
      assert.ok(
        cases.some(({ given }) => "observed" in given && isUnobservable(given.observed)),
        "unobservable",
      );
    });

    test("what is not there needs no removal", () => {
      kind.observed.parse(kind.absent);
      assert.equal(kind.isPresent(kind.absent), false);
    });
  });
}

function sortOf(given: Case): string {
  if ("observed" in given) return "observed";
  if ("exported" in given) return "exported";
  if ("is" in given) return given.is === "change" ? (given.action ?? "") : given.is;
  if ("needs" in given) return "needs";
  return "batch" in given ? "batch" : "malformed";
}

function isUnobservable(observed: unknown): boolean {
  return typeof observed === "object" && observed !== null && "unobservable" in observed;
}

function check(kind: Kind, given: Case): void {
  if ("observed" in given) return checkReading(kind, given);
  if ("is" in given) return checkDeciding(kind, given);
  if ("batch" in given)
    return assert.deepEqual(
      stepsOf(
        kind,
        given.batch.map((each) => changeOf(kind, each)),
      ),
      given.steps,
    );
  if ("malformed" in given) return checkMalformed(kind, given);
  if ("needs" in given) return assert.deepEqual(kind.needs(kind.wanted.parse(given.wanted)), given.needs);
  assert.deepEqual(plain(kind.idempotent(kind.wanted.parse(given.wanted))), given.exported);
}

function checkReading(kind: Kind, given: z.infer<typeof Reading>): void {
  const { id, wanted } = subjectOf(kind, given);
  const told = [...given.answers, ...given.captures.flatMap((name) => readCase(`captures/${name}`, Capture).answers)];
  const asked = new Set<Query>();
  const find = (query: Query) => {
    const found = told.find((each) => isAsked(each.query, query));
    assert.ok(found, `no answer to ${JSON.stringify(query)}`);
    asked.add(found.query);
    return found.answer;
  };
  // What is read was asked for, and everything that was asked for has an answer.
  const questions = kind.probe(id, wanted);
  for (const query of questions) find(Query.parse(query));
  const observed = kind.read(id, find, wanted);
  assert.deepEqual(observed, given.observed);
  if (!isUnobservable(observed)) assert.deepEqual(kind.observed.parse(observed), observed);
  const idle = given.answers.filter((each) => !asked.has(each.query));
  assert.deepEqual(idle, [], "answers that nobody asks for");
}

/** The probe merges questions that differ in their operands only. */
function isAsked(told: Query, asked: Query): boolean {
  if (told.ask !== "run" || asked.ask !== "run")
    return JSON.stringify(sortKeys(told)) === JSON.stringify(sortKeys(asked));
  const operands = told.operands ?? [];
  return (
    JSON.stringify(told.argv) === JSON.stringify(asked.argv) &&
    (asked.operands ?? []).every((each) => operands.includes(each))
  );
}

function sortKeys(query: Query): unknown {
  const kept = Object.entries(query).filter(([, value]) => value !== false);
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function checkDeciding(kind: Kind, given: z.infer<typeof Deciding>): void {
  const { wanted: _wanted, id: _id, note: _note, have: _have, facts: _facts, ...expected } = given;
  assert.deepEqual(decisionOf(kind, given), expected);
}

/** In the form of the case file. What is empty is left out there. */
function decisionOf(kind: Kind, given: z.infer<typeof Deciding>): unknown {
  const { id, wanted } = subjectOf(kind, given);
  const have = kind.observed.parse(given.have);
  if (wanted === undefined) {
    if (!kind.isPresent(have)) return { is: "same" };
    return decided(kind, { action: "remove", ref: `${kind.kind}:${id}`, id, wanted, observed: have, differences: [] });
  }
  const observed = kind.foresee?.(wanted, have, given.facts) ?? have;
  const verdict = kind.compare(wanted, observed, given.facts);
  if (verdict.verdict === "same") return { is: "same" };
  if (verdict.verdict === "refused") return { is: "refused", what: verdict.what, fix: verdict.fix };
  const { action, differences, risk } = verdict;
  return {
    ...decided(kind, { action, ref: `${kind.kind}:${id}`, id, wanted, observed, differences }),
    differences: differences.map((each) => [each.path, each.from, each.to]),
    risk,
  };
}

function decided(kind: Kind, change: Change): Record<string, unknown> {
  return {
    is: "change",
    action: change.action,
    steps: stepsOf(kind, [change]),
    sentence: kind.sentence(change),
    ...unlessEmpty("touches", kind.touches(change)),
    ...unlessEmpty("predicts", kind.predict(change)),
  };
}

function unlessEmpty(name: string, value: object): Record<string, unknown> {
  return Object.keys(value).length === 0 ? {} : { [name]: value };
}

function changeOf(kind: Kind, given: z.infer<typeof Batching>["batch"][number]): Change {
  const { id, wanted } = subjectOf(kind, given);
  const have = kind.observed.parse(given.have);
  const ref: Ref = `${kind.kind}:${id}`;
  if (wanted === undefined) return { action: "remove", ref, id, wanted, observed: have, differences: [] };
  const observed = kind.foresee?.(wanted, have, given.facts) ?? have;
  const verdict = kind.compare(wanted, observed, given.facts);
  assert.equal(verdict.verdict, "differs", `${ref} does not differ`);
  return verdict.verdict === "differs" ? { ref, id, wanted, observed, ...verdict } : assert.fail();
}

/** As a plan file would hold them. */
function stepsOf(kind: Kind, changes: readonly Change[]): Step[] {
  return z.array(Step).parse(plain(kind.tasks(changes)));
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function subjectOf(kind: Kind, given: Subject): { readonly id: string; readonly wanted: unknown } {
  if (given.wanted === undefined) return { id: given.id ?? assert.fail("neither wanted nor id"), wanted: undefined };
  const wanted = kind.wanted.parse(given.wanted);
  const ref: Ref = `${kind.kind}:${kind.id(wanted)}`;
  assert.equal(kindOf(ref), kind);
  return { id: idOf(ref), wanted };
}

function checkMalformed(kind: Kind, given: z.infer<typeof Malformed>): void {
  const parsed = kind.wanted.safeParse(given.wanted);
  assert.equal(parsed.success, false, "it was accepted");
  const issues = parsed.error?.issues.map((each) => `${each.path.join(".")}: ${each.message}`).join("\n") ?? "";
  assert.ok(issues.includes(given.malformed), issues);
}
