// Doctor's findings as text: one line each, the fix below what is not as it should be.
import type { Finding, Level } from "../../doctor/index.ts";
import type { painter } from "./paint.ts";
import { wrap } from "./text.ts";

export type Section = { readonly about: string; readonly findings: readonly Finding[] };

type Paint = ReturnType<typeof painter>;
type Shown = { readonly isEstate: boolean; readonly isHostAsked: boolean };

const COLOURS: Readonly<Record<Level, Parameters<Paint>[0]>> = {
  ok: "green",
  note: "dim",
  warning: "yellow",
  error: "red",
};

export function renderDoctor(sections: readonly Section[], shown: Shown, paint: Paint): string {
  const lines = sections.flatMap(({ about, findings }) => [
    about,
    ...findings.flatMap((each) => renderOne(each, paint)),
    "",
  ]);
  return [...lines, ...notAsked(shown), summary(sections.flatMap(({ findings }) => findings)), ""].join("\n");
}

function renderOne({ level, subject, what, fix }: Finding, paint: Paint): string[] {
  const [first = "", ...rest] = wrap(`${subject}: ${what}`, "           ");
  const line = `  ${paint(COLOURS[level], level.padEnd(7))}  ${first.trimStart()}`;
  return [line, ...rest, ...(fix === undefined ? [] : wrap(`fix: ${fix}`, "             "))];
}

/** What was not looked at is not well, only unknown. */
function notAsked({ isEstate, isHostAsked }: Shown): string[] {
  if (!isEstate) return ["no estate here: only this machine was looked at"];
  return isHostAsked ? [] : ["no host was asked: demesne doctor --host control"];
}

function summary(findings: readonly Finding[]): string {
  const count = (level: Level): number => findings.filter((each) => each.level === level).length;
  return `${count("error")} errors, ${count("warning")} warnings, ${count("note")} notes, ${count("ok")} ok`;
}
