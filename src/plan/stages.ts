// What runs together: first everything that cannot cut the connection, then one window a role for what can, then what
// waited for those.
import { kindOf, type Ref } from "../resources/index.ts";
import type { Decided } from "./decide.ts";
import { batches } from "./order.ts";
import type { HostPlan, Stage } from "./plan-file.ts";
import { stepsOf } from "./steps.ts";

type Touches = ReturnType<ReturnType<typeof kindOf>["touches"]>;
type Staged = { readonly window?: string; readonly removals: readonly Decided[]; readonly made: readonly Decided[] };

export type StagesInput = {
  readonly made: readonly Decided[];
  /** In the order in which they are to be removed. */
  readonly removals: readonly Decided[];
  /** How long a window stays open, in seconds. */
  readonly windowSeconds: number;
};

export type Stages = { readonly ordered: readonly Decided[]; readonly stages: HostPlan["stages"] };

export function stagesOf({ made, removals, windowSeconds }: StagesInput): Stages {
  const { before, window, after } = removalsApart(removals);
  const [first, ...rest] = stagesOfMade(made);
  const all: Staged[] = [
    ...(first?.window === undefined
      ? [{ removals: before, made: first?.made ?? [] }]
      : [{ removals: before, made: [] }, first]),
    ...rest,
    { window: "removals", removals: window, made: [] },
    { removals: after, made: [] },
  ];
  const staged = all.filter((each) => each.removals.length + each.made.length > 0);
  return {
    ordered: staged.flatMap((each) => [...each.removals, ...batches(each.made).flat()]),
    stages: staged.map((each) => stageOf(each, windowSeconds)),
  };
}

function isLost({ change }: Decided): boolean {
  return Object.keys(kindOf(change.ref).touches(change)).length === 0;
}

function isCutting({ risk }: Decided): boolean {
  return risk === "connectivity";
}

/**
 * In the order of removal a unit goes before its file, so from the first removal that may cut the connection on, all belong
 * to its window: what was half-removed could not be put back. Only what no dead-man can bring back comes after it.
 */
function removalsApart(removals: readonly Decided[]) {
  const at = removals.findIndex(isCutting);
  const later = at === -1 ? [] : removals.slice(at);
  return {
    before: at === -1 ? removals : removals.slice(0, at),
    window: later.filter((each) => !isLost(each)),
    after: later.filter(isLost),
  };
}

function stagesOfMade(made: readonly Decided[]): Staged[] {
  const pending = new Map<Ref, Decided>(made.map((each) => [each.ref, each]));
  const result: Staged[] = [];
  const isReady = (each: Decided): boolean => !each.needs.some((ref) => pending.has(ref));
  const take = (belongs: (each: Decided) => boolean): Decided[] => {
    const ready = [...pending.values()].filter((each) => isReady(each) && belongs(each));
    for (const each of ready) pending.delete(each.ref);
    return ready.length === 0 ? [] : [...ready, ...take(belongs)];
  };
  result.push({ removals: [], made: take((each) => !isCutting(each)) });
  while (pending.size > 0) {
    const next = [...pending.values()].find((each) => isCutting(each) && isReady(each));
    if (next === undefined) result.push({ removals: [], made: takeSome(take, pending) });
    else result.push({ window: next.role, removals: [], made: take((each) => belongsTo(next.role, each, pending)) });
  }
  return result.filter((each) => each.made.length > 0);
}

/** Throws TypeError on a circle, by which nothing would ever be ready: a bug in a role. */
function takeSome(
  take: (belongs: (each: Decided) => boolean) => Decided[],
  pending: ReadonlyMap<Ref, Decided>,
): Decided[] {
  const taken = take((each) => !isCutting(each));
  if (taken.length === 0) batches([...pending.values()]);
  return taken;
}

/** What cuts, and what stands between two that cut: a home between an account and its keys. */
function belongsTo(role: string, each: Decided, pending: ReadonlyMap<Ref, Decided>): boolean {
  if (isCutting(each)) return each.role === role;
  return [...pending.values()].some(
    (other) => isCutting(other) && other.role === role && other.needs.includes(each.ref),
  );
}

function stageOf({ window, removals, made }: Staged, seconds: number): Stage {
  const steps = stepsOf([
    removals.map((each) => each.change),
    ...batches(made).map((batch) => batch.map((each) => each.change)),
  ]);
  if (window === undefined) return { steps };
  const touched = [...removals, ...made].map(({ change }): Touches => kindOf(change.ref).touches(change));
  const all = (part: keyof Touches): string[] => [...new Set(touched.flatMap((each) => each[part] ?? []))].sort();
  return { window: { name: window, seconds, paths: all("paths"), units: all("units"), tables: all("tables") }, steps };
}
