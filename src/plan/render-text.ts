// A plan as a person reads it: sentences by role, what differs below each, removals and refusals never hidden.
import { canonicalJson } from "../lib/canonical-json.ts";
import { digest } from "../lib/digest.ts";
import { needInWords } from "./approval-needs.ts";
import { harmless } from "./harmless.ts";
import type { HostPlan, Plan, PlannedChange } from "./plan-file.ts";
import { count, groupName, isQuiet, isText, newLines, patchOf, plain, signOf, summaryOf } from "./words.ts";

export type RenderOptions = {
  /** Wraps text in a colour; answers it as it is where there is no terminal. */
  readonly paint: (style: "red" | "green" | "yellow" | "dim" | "bold", text: string) => string;
  /** Show the whole text of new files too. */
  readonly full: boolean;
};

const COLOURS = { "+": "green", "~": "yellow", "-": "red" } as const;

export function renderPlan(plan: Plan, options: RenderOptions): string {
  const shown = harmless(plan);
  const hosts = shown.hosts.map((host) => renderHost(host, options)).join("\n");
  return plan.hosts.every(isQuiet) ? hosts : `${hosts}\n${renderBinding(shown, digest(canonicalJson(plan)), options)}`;
}

/** What an approval would cover, and who is asked for one. */
function renderBinding({ author, expires, approval }: Plan, sum: string, { paint }: RenderOptions): string {
  const who = author.principal === undefined ? author.name : `${author.principal} (${author.name})`;
  const needs = approval?.needs.map((each) => `  ${each.risk} needs ${needInWords(each)}\n`) ?? [];
  const nobody =
    approval === null ? "the estate asks for none: a single operator applies" : "none needed for what this holds";
  return [
    `plan ${paint("bold", sum)}\n`,
    `  by ${who}; it may be applied once, until ${expires}\n`,
    needs.length === 0
      ? `  approvals: ${nobody}\n`
      : `  approvals (demesne approve):\n${needs.map((line) => `  ${line}`).join("")}`,
  ].join("");
}

function renderHost(host: HostPlan, options: RenderOptions): string {
  const { paint } = options;
  const roles = [...new Set(host.changes.map((each) => each.role))];
  const title = `${paint("bold", host.host)}  ${host.os}, ${host.resources} resources looked at`;
  const groups = roles.map((role) => {
    const changes = host.changes.filter((each) => each.role === role);
    const told = changes.map((each) => renderChange(each, options)).join("");
    return `\n  ${paint("bold", groupName(role))}  ${count(changes.length, "change")}\n${told}`;
  });
  const waiting = host.waiting.map((each) => `    ? ${each.ref} ${each.what}\n${waitsFor(each, options)}`);
  const refusals = host.refusals.map(
    (each) => `    ${paint("red", "!")} ${each.ref}: ${each.what}\n      fix: ${each.fix}\n`,
  );
  return [
    `${title}\n`,
    ...groups,
    ...section("waiting", waiting, options),
    ...section("refused", refusals, options),
    ...section(
      "to know",
      (host.notes ?? []).map(({ what }) => `    ${paint("yellow", "*")} ${what}\n`),
      options,
    ),
    `\n  ${summaryOf(host)}\n`,
  ].join("");
}

function waitsFor({ for: refs }: HostPlan["waiting"][number], { paint }: RenderOptions): string {
  return refs.length === 0 ? "" : `      ${paint("dim", `waits for ${refs.join(", ")}`)}\n`;
}

function section(title: string, lines: readonly string[], { paint }: RenderOptions): string[] {
  return lines.length === 0 ? [] : [`\n  ${paint("bold", title)}  ${lines.length}\n${lines.join("")}`];
}

function renderChange(change: PlannedChange, options: RenderOptions): string {
  const { paint } = options;
  const risk = change.risk === "routine" ? "" : `  ${paint("yellow", `[${change.risk}]`)}`;
  const sign = signOf(change);
  const head = `    ${paint(COLOURS[sign], sign)} ${change.sentence}${risk}\n`;
  return head + change.differences.map((each) => renderDifference(change, each, options)).join("");
}

function renderDifference(
  change: PlannedChange,
  difference: PlannedChange["differences"][number],
  options: RenderOptions,
): string {
  if (isText(difference)) return renderText(difference, options);
  // A new thing's plain fields are said by its sentence.
  if (change.action === "create") return "";
  return `        ${difference.path}: ${plain(difference.from)} -> ${plain(difference.to)}\n`;
}

function renderText(difference: PlannedChange["differences"][number], { paint, full }: RenderOptions): string {
  const lines = newLines(difference);
  if (lines !== undefined && !full) return `        ${paint("dim", `${count(lines, "line")}, shown by --full`)}\n`;
  return patchOf(difference)
    .map((line) => `        ${paintLine(line, paint)}\n`)
    .join("");
}

function paintLine(line: string, paint: RenderOptions["paint"]): string {
  if (line.startsWith("+")) return paint("green", line);
  return line.startsWith("-") ? paint("red", line) : paint("dim", line);
}
