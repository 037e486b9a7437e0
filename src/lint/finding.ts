// What lint tells: a place, what should be there, and what to do. Every finding has a rule, and a rule its severity.
import type { Parsed } from "../estate/inspect.ts";
import { rules, type RuleName } from "./rules.ts";

export type LintFinding = {
  readonly rule: RuleName;
  readonly severity: "error" | "warning";
  /** Relative to the estate. */
  readonly file: string;
  readonly line: number;
  /** Inside the file: `services/chat/mem_limit`; empty for the file itself. */
  readonly path: string;
  readonly what: string;
  readonly fix: string;
  /** The control that a waiver in estate.yaml may name; undefined when nobody can waive it. */
  readonly control?: string | undefined;
  /** Why it does not count, and until when. */
  readonly waived?: { readonly reason: string; readonly until: string } | undefined;
};

export type Path = readonly (string | number)[];

type Told = { readonly what: string; readonly fix: string };

/** At a place of a parsed file; `service` is whose waiver may cover it. */
export function at(
  rule: RuleName,
  [source, path]: readonly [Pick<Parsed<unknown>, "file" | "lineOf">, Path],
  { what, fix }: Told,
  service?: string,
): LintFinding {
  return {
    ...inFile(rule, [source.file, source.lineOf(path)], { what, fix }, service),
    path: path.join("/"),
  };
}

/** At a line of a file that has no paths. */
export function inFile(
  rule: RuleName,
  [file, line]: readonly [string, number],
  { what, fix }: Told,
  service?: string,
): LintFinding {
  const { severity, isWaivable } = rules[rule];
  const control = isWaivable && service !== undefined ? `lint/${rule}/${service}` : undefined;
  return { rule, severity, file, line, path: "", what, fix, control };
}
