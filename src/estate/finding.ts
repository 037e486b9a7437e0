// What is wrong in an estate's files, and how several such things become the one Problem that an operator reads.
import { Problem } from "../lib/problem.ts";
import { printable } from "./shown.ts";

export type Path = readonly (string | number)[];

/** Something wrong at a place in a file. */
export type Finding = {
  /** Which check found it; the file itself is wrong without this. */
  readonly rule?: string;
  /** Relative to the estate: `services/chat/service.yaml`. */
  readonly file: string;
  readonly line: number | undefined;
  readonly path: Path;
  readonly what: string;
  readonly fix: string;
};

const LISTED = 20;

/** The first finding in full; the others, a line each, after its fix. */
export function toProblem(findings: readonly [Finding, ...Finding[]]): Problem {
  const [first, ...others] = findings;
  return new Problem({ code: "estate", where: whereOf(first), what: first.what, fix: first.fix + listed(others) });
}

function whereOf(finding: Finding): string {
  const place = finding.line === undefined ? finding.file : `${finding.file}:${finding.line}`;
  return printable(finding.path.length === 0 ? place : `${place} ${finding.path.join("/")}`);
}

function listed(others: readonly Finding[]): string {
  if (others.length === 0) return "";
  const lines = others.slice(0, LISTED).map((finding) => `  ${whereOf(finding)}: ${finding.what}`);
  const rest = others.length > LISTED ? [`  and ${others.length - LISTED} more`] : [];
  return [`\n${others.length} more:`, ...lines, ...rest].join("\n");
}
