// A plan as a person reads it: sentences by role, what differs below each, removals and refusals never hidden.
import { createTwoFilesPatch } from "diff";
import { HostPlan, type Plan, type PlannedChange } from "./plan-file.ts";

export type RenderOptions = {
  /** Wraps text in a colour; answers it as it is where there is no terminal. */
  readonly paint: (style: "red" | "green" | "yellow" | "dim" | "bold", text: string) => string;
  /** Show the whole text of new files too. */
  readonly full: boolean;
};

const SIGNS = { create: "+", update: "~", remove: "-" } as const;
const COLOURS = { create: "green", update: "yellow", remove: "red" } as const;

export function renderPlan(plan: Plan, options: RenderOptions): string {
  return plan.hosts.map((host) => renderHost(HostPlan.parse(harmless(host)), options)).join("\n");
}

/** What stands on a host may not steer the terminal that shows it: control and direction characters are spelled out. */
function harmless(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(STEERING, spelled);
  if (Array.isArray(value)) return value.map(harmless);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, harmless(member)]));
}

/** All but tab and new line. */
const STEERING = /(?![\t\n])[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff]/gu;

function spelled(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

function renderHost(host: HostPlan, options: RenderOptions): string {
  const { paint } = options;
  const roles = [...new Set(host.changes.map((each) => each.role))];
  const title = `${paint("bold", host.host)}  ${host.os}, ${host.resources} resources looked at`;
  const groups = roles.map((role) => {
    const changes = host.changes.filter((each) => each.role === role);
    const head = role === "" ? "no longer wanted" : role;
    return `\n  ${paint("bold", head)}  ${count(changes.length, "change")}\n${changes.map((each) => renderChange(each, options)).join("")}`;
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
    `\n  ${summary(host)}\n`,
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
  const head = `    ${paint(COLOURS[change.action], SIGNS[change.action])} ${change.sentence}${risk}\n`;
  return head + change.differences.map((each) => renderDifference(change, each, options)).join("");
}

function renderDifference(
  change: PlannedChange,
  { path, from, to }: PlannedChange["differences"][number],
  options: RenderOptions,
): string {
  if (isText(from) || isText(to)) return renderText(from, to, options);
  // A new thing's plain fields are said by its sentence.
  if (change.action === "create") return "";
  return `        ${path}: ${plain(from)} -> ${plain(to)}\n`;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.includes("\n");
}

function renderText(from: unknown, to: unknown, { paint, full }: RenderOptions): string {
  const [old, next] = [typeof from === "string" ? from : "", typeof to === "string" ? to : ""];
  if (old === "" && !full) return `        ${paint("dim", `${count(lineCount(next), "line")}, shown by --full`)}\n`;
  const patch = createTwoFilesPatch("", "", old, next, "", "", { context: 2 }).split("\n").slice(4);
  const lines = patch.filter((line) => line !== "" && !line.startsWith("\\"));
  return lines.map((line) => `        ${paintLine(line, paint)}\n`).join("");
}

function paintLine(line: string, paint: RenderOptions["paint"]): string {
  if (line.startsWith("+")) return paint("green", line);
  return line.startsWith("-") ? paint("red", line) : paint("dim", line);
}

function lineCount(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function summary(host: HostPlan): string {
  const removals = host.changes.filter((each) => each.action === "remove").length;
  const parts = [
    count(host.changes.length, "change"),
    ...(removals > 0 ? [`${count(removals, "removal")} among them`] : []),
    ...(host.waiting.length > 0 ? [`${host.waiting.length} waiting`] : []),
    ...(host.refusals.length > 0 ? [count(host.refusals.length, "refusal")] : []),
    ...(host.notRehearsed.length > 0 ? [`${host.notRehearsed.length} not rehearsed here`] : []),
  ];
  return host.changes.length + host.waiting.length + host.refusals.length === 0
    ? ["nothing to do", ...parts.slice(1)].join(", ")
    : `${parts.join(", ")}; ${count(host.stages.flatMap((each) => each.steps).length, "step")} to run`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
