// The result of `demesne lint` as text: each finding in two lines, waived ones in one, and how far it looked.
import type { Linted, LintFinding } from "../../lint/index.ts";

export function renderLint({ findings, isWhole, files, services }: Linted): string {
  const counting = findings.filter(({ waived }) => waived === undefined);
  const errors = counting.filter(({ severity }) => severity === "error").length;
  const counts = `${errors} errors, ${counting.length - errors} warnings, ${findings.length - counting.length} waived`;
  return [
    ...findings.map(renderLinted),
    ...(isWhole ? [] : ["names across files were not checked: the files above come first"]),
    `${files} files, ${services} services: ${counts}`,
    "",
  ].join("\n");
}

export function renderLinted({ severity, file, line, path, what, fix, control, waived }: LintFinding): string {
  const place = printable(`${file}:${line}${path === "" ? "" : ` ${path}`}`);
  if (waived !== undefined) return `${place}: waived until ${waived.until} (${waived.reason}): ${printable(what)}`;
  const kind = severity === "warning" ? "warning: " : "";
  const waiver = control === undefined ? "" : ` (or waive ${control} in estate.yaml)`;
  return `${place}: ${kind}${printable(what)}\nfix: ${printable(fix)}${waiver}`;
}

/** What stands in a file may not steer the terminal that shows it. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
