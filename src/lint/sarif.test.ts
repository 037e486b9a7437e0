// The findings as SARIF: what a code host needs to show each at its line, and to know it again.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import type { LintFinding } from "./finding.ts";
import { rules, sarif } from "./index.ts";

const finding: LintFinding = {
  rule: "limits",
  severity: "error",
  file: "services/a b/compose.yaml",
  line: 7,
  path: "services/web/mem_limit",
  what: "should say the most that it may have of memory",
  fix: "add `mem_limit`",
};

/** Of SARIF 2.1.0, what is written here; strict, so that nothing else is. */
const Log = z.strictObject({
  $schema: z.literal("https://json.schemastore.org/sarif-2.1.0.json"),
  version: z.literal("2.1.0"),
  runs: z.tuple([
    z.strictObject({
      tool: z.strictObject({
        driver: z.strictObject({
          name: z.literal("demesne"),
          semanticVersion: z.string(),
          rules: z.array(z.looseObject({ id: z.string(), shortDescription: z.strictObject({ text: z.string() }) })),
        }),
      }),
      originalUriBaseIds: z.looseObject({}),
      results: z.array(
        z.strictObject({
          ruleId: z.string(),
          ruleIndex: z.int(),
          level: z.enum(["error", "warning"]),
          message: z.strictObject({ text: z.string() }),
          locations: z.array(z.looseObject({ physicalLocation: z.looseObject({}) })),
          partialFingerprints: z.record(z.string(), z.string()),
          suppressions: z.array(z.looseObject({ kind: z.literal("external"), justification: z.string() })).optional(),
        }),
      ),
    }),
  ]),
});

const runOf = (findings: readonly LintFinding[]) => Log.parse(sarif(findings, "1.2.3")).runs[0];

test("a result names its rule, its line and what to do; the file is a URI", () => {
  const [result] = runOf([finding]).results;
  assert.equal(result?.ruleId, "limits");
  assert.equal(Object.keys(rules)[result?.ruleIndex ?? -1], "limits");
  assert.deepEqual(result?.locations[0]?.physicalLocation, {
    artifactLocation: { uri: "services/a%20b/compose.yaml", uriBaseId: "ESTATE" },
    region: { startLine: 7 },
  });
  assert.match(result?.message.text ?? "", /mem_limit: should say .*\nfix: add/);
});

test("a waived finding is a suppressed result, with its reason and its last day", () => {
  const [result] = runOf([{ ...finding, waived: { reason: "an old image", until: "2027-01-31" } }]).results;
  assert.deepEqual(
    result?.suppressions?.map(({ justification }) => justification),
    ["an old image (until 2027-01-31)"],
  );
});

test("a finding is known again when lines are added above it", () => {
  const [before] = runOf([finding]).results;
  const [later] = runOf([{ ...finding, line: 9 }]).results;
  assert.deepEqual(before?.partialFingerprints, later?.partialFingerprints);
});

test("every rule is listed, found or not", () => {
  const { tool } = runOf([]);
  assert.deepEqual(
    tool.driver.rules.map(({ id }) => id),
    Object.keys(rules),
  );
});
