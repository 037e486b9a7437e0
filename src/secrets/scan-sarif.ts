// The findings as SARIF 2.1.0, for code hosts and editors. No secret and no part of one is in it.
import type { SecretFinding } from "./scan.ts";

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";

/** One run with a result for each finding; waived ones are suppressed, with their reason. */
export function sarif(findings: readonly SecretFinding[], version: string): unknown {
  const rules = [...new Map(findings.map(({ rule, what }) => [rule, what]))];
  return {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "demesne",
            semanticVersion: version,
            rules: rules.map(([id, text]) => ({ id, shortDescription: { text } })),
          },
        },
        results: findings.map(resultOf),
      },
    ],
  };
}

function resultOf(finding: SecretFinding): unknown {
  const { rule, what, path, line, commit, fingerprint, waived } = finding;
  const place = { artifactLocation: { uri: encodeURI(path) }, region: { startLine: Math.max(line, 1) } };
  const found = commit === undefined ? "in the working tree" : `added by commit ${commit}`;
  return {
    ruleId: rule,
    level: "error",
    message: { text: `${what}, ${found}` },
    locations: [{ physicalLocation: place }],
    partialFingerprints: { "demesne/v1": fingerprint },
    ...(waived === undefined
      ? {}
      : { suppressions: [{ kind: "external", justification: `${waived.reason} (until ${waived.expires})` }] }),
  };
}
