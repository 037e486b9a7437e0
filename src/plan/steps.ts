// From batches of changes to what runs: each kind coalesces its own, and trees that meet become one.
import { kindOf, type Change, type Step } from "../resources/index.ts";

/** Steps of all batches, in order. */
export function stepsOf(batches: readonly (readonly Change[])[]): Step[] {
  return coalesce(batches.flatMap(stepsOfBatch));
}

/** A batch of removals may be of several kinds; runs of one kind go to that kind together. */
function stepsOfBatch(changes: readonly Change[]): Step[] {
  const runs: Change[][] = [];
  for (const change of changes) {
    const last = runs.at(-1);
    if (last?.[0] !== undefined && kindOf(last[0].ref) === kindOf(change.ref)) last.push(change);
    else runs.push([change]);
  }
  return runs.flatMap((run) => (run[0] === undefined ? [] : [...kindOf(run[0].ref).tasks(run)]));
}

/** Neighbouring trees are unpacked in one go, and neighbouring commands are one task. */
function coalesce(steps: readonly Step[]): Step[] {
  const result: Step[] = [];
  for (const step of steps) {
    const last = result.at(-1);
    if (step.step === "tree" && last?.step === "tree") last.entries.push(...step.entries);
    else if (step.step === "commands" && last?.step === "commands") last.commands.push(...step.commands);
    else result.push(structuredClone(step));
  }
  return result.map((step) => (step.step === "tree" ? { ...step, entries: sortedEntries(step.entries) } : step));
}

/** Parents before children; a path that two changes name stands once. */
function sortedEntries(entries: (Step & { step: "tree" })["entries"]) {
  const byPath = new Map(entries.map((each) => [each.path, each]));
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
