// The result of `demesne test` as text. No secret and no part of one is in it.
import type { Placed, Tested } from "../tested.ts";

export function renderTest(tested: Tested, secretsFile: string): string {
  const { findings, files, commits, bytes, waived } = tested;
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const warnings = findings.length - errors;
  const history = tested.isRepository ? `${commits} commits` : "no history: this is not a git repository";
  return [
    ...findings.map((each, at) => renderPlaced(each, findings[at + 1])),
    ...tested.leftOut.map((path) => `${path}: not scanned, it is larger than 16 MiB`),
    ...(tested.isSecretsFileThere ? [] : [`${secretsFile}: not checked, there is none yet`]),
    tested.guard === null
      ? "the guard: not tested, none is installed here (demesne guard install)"
      : `the guard: ${tested.guard.cases} calls judged, ${tested.guard.sampled} of them by the hook as installed`,
    `${tested.services} services held to their invariants`,
    tested.knownValues === null
      ? "not searched for the values of the secrets file: no identity opens it here"
      : `searched for ${tested.knownValues} known values too`,
    `${errors} found, ${warnings} warnings, ${waived} waived; ${files} files, ${history}; ${(bytes / 1e6).toFixed(1)} MB`,
    "",
  ].join("\n");
}

/** A fix that is the next finding's too is told once, after the last of them. */
function renderPlaced({ severity, file, line, commit, what, fix }: Placed, next: Placed | undefined): string {
  const place = commit === undefined ? `${file}:${line}` : `${file}:${line} in commit ${commit.slice(0, 12)}`;
  return `${place}: ${severity === "warning" ? "warning: " : ""}${what}${next?.fix === fix ? "" : `\n  fix: ${fix}`}`;
}
