// How a damaged ledger is told.
import { Problem } from "../lib/problem.ts";
import type { Fault } from "./verify.ts";

export function unsound(dir: string, faults: readonly Fault[]): Problem {
  const [first] = faults;
  const more = faults.length > 1 ? `, and ${faults.length - 1} more` : "";
  return new Problem({
    code: "ledger",
    where: `${dir} ${first?.where ?? ""}`.trimEnd(),
    what: `${first?.what ?? "is damaged"}${more}`,
    fix: "run verify and compare with the last checkpoint; keep the folder as evidence and start a new ledger",
  });
}
