// How a plan is put into words, for text and page alike.
import { createTwoFilesPatch } from "diff";
import type { HostPlan, PlannedChange } from "./plan-file.ts";

type Difference = PlannedChange["differences"][number];

const SIGNS = { create: "+", update: "~", remove: "-" } as const;
export type Sign = (typeof SIGNS)[keyof typeof SIGNS];

/** A unit is made by the files that bring it: by itself it is only set, started or restarted. */
export function signOf({ action, ref }: PlannedChange): Sign {
  return action === "create" && ref.startsWith("unit:") ? "~" : SIGNS[action];
}

export function groupName(role: string): string {
  return role === "" ? "no longer wanted" : role;
}

/** Is it shown line by line? */
export function isText({ from, to }: Difference): boolean {
  return [from, to].some((value) => typeof value === "string" && value.includes("\n"));
}

/** The lines of a text that changes, each with its sign; unchanged ones around a change only. */
export function patchOf({ from, to }: Difference): readonly string[] {
  const [old, next] = [textOf(from), textOf(to)];
  const patch = createTwoFilesPatch("", "", old, next, "", "", { context: 2 }).split("\n").slice(4);
  return patch.filter((line) => line !== "" && !line.startsWith("\\"));
}

/** How many lines a text that was not there before has; nothing for a text that changes. */
export function newLines({ from, to }: Difference): number | undefined {
  const next = textOf(to);
  return textOf(from) === "" ? next.split("\n").length - (next.endsWith("\n") ? 1 : 0) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function plain(value: unknown): string {
  if (value === "" || (Array.isArray(value) && value.length === 0)) return "(none)";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** `3 changes, 1 removal among them; 5 steps to run` */
export function summaryOf(host: HostPlan): string {
  const removals = host.changes.filter((each) => each.action === "remove").length;
  const parts = [
    count(host.changes.length, "change"),
    ...(removals > 0 ? [`${count(removals, "removal")} among them`] : []),
    ...(host.waiting.length > 0 ? [`${host.waiting.length} waiting`] : []),
    ...(host.refusals.length > 0 ? [count(host.refusals.length, "refusal")] : []),
    ...(host.notRehearsed.length > 0 ? [`${host.notRehearsed.length} not rehearsed here`] : []),
  ];
  const steps = host.stages.flatMap((each) => each.steps).length;
  if (isQuiet(host)) return ["nothing to do", ...parts.slice(1)].join(", ");
  return `${parts.join(", ")}; ${count(steps, "step")} to run`;
}

/** Nothing is to be done, and nothing to be decided. */
export function isQuiet({ changes, waiting, refusals }: HostPlan): boolean {
  return changes.length + waiting.length + refusals.length === 0;
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
