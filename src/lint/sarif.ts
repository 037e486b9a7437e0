// The findings as SARIF 2.1.0, for code hosts and editors. A waived finding is a suppressed one, with its reason.
import type { LintFinding } from "./finding.ts";
import { rules, type RuleName } from "./rules.ts";

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";

/** One run; every rule is listed, so that what was looked for can be told from what was found. */
export function sarif(findings: readonly LintFinding[], version: string): object {
  const names = Object.keys(rules);
  return {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "demesne", semanticVersion: version, rules: Object.entries(rules).map(ruleOf) } },
        originalUriBaseIds: { ESTATE: { description: { text: "the estate's folder" } } },
        results: findings.map((finding) => resultOf(finding, names.indexOf(finding.rule))),
      },
    ],
  };
}

function ruleOf([id, { severity, means }]: [string, (typeof rules)[RuleName]]): object {
  return { id, shortDescription: { text: means }, defaultConfiguration: { level: severity } };
}

function resultOf({ rule, severity, file, line, path, what, fix, waived }: LintFinding, ruleIndex: number): object {
  const place = {
    artifactLocation: { uri: encodeURI(file), uriBaseId: "ESTATE" },
    region: { startLine: Math.max(line, 1) },
  };
  const logical = path === "" ? {} : { logicalLocations: [{ fullyQualifiedName: path }] };
  return {
    ruleId: rule,
    ruleIndex,
    level: severity,
    message: { text: `${path === "" ? "" : `${path}: `}${what}\nfix: ${fix}` },
    locations: [{ physicalLocation: place, ...logical }],
    // Without the line, so that a finding stays the same one when lines are added above it.
    partialFingerprints: { "demesne/v1": [file, rule, path].join(":") },
    ...(waived === undefined
      ? {}
      : {
          suppressions: [
            { kind: "external", status: "accepted", justification: `${waived.reason} (until ${waived.until})` },
          ],
        }),
  };
}
