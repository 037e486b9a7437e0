// One host: wanted resources and one observation in, every change and every step out. Pure.
import {
  idOf,
  kindOf,
  type Change,
  type Facts,
  type Query,
  type Ref,
  type Resource,
  type Risk,
} from "../resources/index.ts";
import { decide, groundsOf, worst, type Course, type Decided, type Decision, type Found } from "./decide.ts";
import { batches, removalOrder } from "./order.ts";
import type { HostPlan, PlannedChange } from "./plan-file.ts";
import { stagesOf } from "./stages.ts";

type OwnedEntry = { readonly ref: Ref; readonly probe: readonly Query[]; readonly risk?: Risk | undefined };

/** The course of one planning, as it grows. */
type Running = {
  facts: Facts;
  readonly changing: Set<Ref>;
  readonly waiting: Set<Ref>;
  readonly grounds: Map<Ref, ReadonlySet<Ref>>;
} & Course;

/** What the planner needs of a look. */
export type Look = {
  readonly host: { readonly machineId: string; readonly os: string; readonly python: string };
  readonly owned: readonly OwnedEntry[];
  readonly applied?: string | undefined;
  readonly resources: ReadonlyMap<string, Found>;
  readonly fingerprint: string;
};

export type PlanHostInput = {
  readonly host: string;
  readonly wanted: readonly Resource[];
  readonly look: Look;
  readonly notRehearsed?: HostPlan["notRehearsed"];
  /** Noted on the host before anything is done. */
  readonly nonce?: string | undefined;
  /** Only this role, and what it stands on; nothing is removed then. */
  readonly role?: string | undefined;
  /** How long the dead-man waits for proof of access, in seconds. */
  readonly windowSeconds?: number | undefined;
};

const WINDOW_SECONDS = 120;

export function planHost(input: PlanHostInput): HostPlan {
  const { host, wanted: all, look, notRehearsed = [], nonce = "", role, windowSeconds = WINDOW_SECONDS } = input;
  const owned = new Set(look.owned.map((each) => each.ref));
  const wanted = role === undefined ? all : ofRole(all, role);
  const decisions = decideAll(wanted, look, owned);
  const decided = decisions.flatMap((each) => (each.is === "change" ? [each.decided] : []));
  const removals = role === undefined ? removalsOf(all, look) : [];
  const { ordered, stages } = stagesOf({ made: decided, removals, windowSeconds });
  return {
    host,
    machineId: look.host.machineId,
    os: look.host.os,
    python: look.host.python,
    fingerprint: look.fingerprint,
    resources: wanted.length,
    changes: ordered.map(planned),
    refusals: decisions.flatMap((each) => (each.is === "refused" ? [each.refusal] : [])),
    waiting: [
      ...decisions.flatMap((each) => (each.is === "waiting" ? [each.waiting] : [])),
      ...(role === undefined ? unseen(all, look) : []),
    ],
    notRehearsed,
    ...notesOf(wanted),
    owned: ownership(look, role === undefined ? all : [...all, ...look.owned], decided),
    history: history(look.applied ?? "", nonce),
    stages,
  };
}

/** Left out where there are none. */
function notesOf(wanted: readonly Resource[]): Pick<HostPlan, "notes"> {
  const notes = wanted.flatMap(({ ref, notes: told = [] }) => told.map((what) => ({ ref, what })));
  return notes.length === 0 ? {} : { notes };
}

/** Lines that a host keeps: enough to refuse any plan that has not expired. */
const HISTORY_LINES = 200;

function history(applied: string, nonce: string): string {
  const lines = applied.split("\n").filter((line) => line !== "");
  return [...lines, JSON.stringify({ format: 1, nonce })].slice(-HISTORY_LINES).join("\n").concat("\n");
}

/** The resources of one role, and everything that they need. */
function ofRole(all: readonly Resource[], role: string): readonly Resource[] {
  const byRef = new Map(all.map((each) => [each.ref, each]));
  const kept = new Set<Resource>();
  const keep = (each: Resource | undefined): void => {
    if (each === undefined || kept.has(each)) return;
    kept.add(each);
    for (const ref of each.needs) keep(byRef.get(ref));
  };
  for (const each of all.filter((one) => one.role === role)) keep(each);
  return all.filter((each) => kept.has(each));
}

/** In the order of needs, so that each resource sees what the changes before it will have brought. */
function decideAll(wanted: readonly Resource[], look: Look, owned: ReadonlySet<Ref>): Decision[] {
  const course: Running = { facts: {}, changing: new Set(), waiting: new Set(), grounds: new Map() };
  return batches(wanted)
    .flat()
    .map((resource) => {
      const found = look.resources.get(resource.ref) ?? { unobservable: "it was not looked at" };
      const decision = decide(resource, found, owned, course);
      note(course, resource, decision);
      return decision;
    });
}

function note(course: Running, resource: Resource, decision: Decision): void {
  const { ref } = resource;
  course.grounds.set(ref, groundsOf(resource, course));
  if (decision.is === "waiting") course.waiting.add(ref);
  if (decision.is !== "change") return;
  course.changing.add(ref);
  const { change, kind } = decision.decided;
  const facts = kindOf(ref).predict(change);
  // A package that is only being installed has no state of its own yet, nor has what it brings.
  const fresh = kind === "package" && change.action === "create" ? [ref, ...(facts.fresh ?? [])] : (facts.fresh ?? []);
  course.facts = {
    fresh: [...(course.facts.fresh ?? []), ...fresh],
    units: { ...course.facts.units, ...facts.units },
    recreated: [...(course.facts.recreated ?? []), ...(facts.recreated ?? [])],
    rewritten: [...(course.facts.rewritten ?? []), ...(facts.rewritten ?? [])],
  };
}

/** Owned, no longer wanted and still there. What cannot be observed stays owned until it can. */
function removalsOf(wanted: readonly Resource[], look: Look): Decided[] {
  const refs = new Set(wanted.map((each) => each.ref));
  return look.owned
    .filter(({ ref }) => !refs.has(ref))
    .flatMap((each) => removal(each, look.resources.get(each.ref)))
    .sort(removalOrder);
}

/** Owned and no longer wanted, but nobody can tell whether it is still there. */
function unseen(wanted: readonly Resource[], look: Look): HostPlan["waiting"] {
  const refs = new Set(wanted.map((each) => each.ref));
  return look.owned
    .filter(({ ref }) => !refs.has(ref))
    .flatMap(({ ref }) => {
      const found = look.resources.get(ref);
      if (found === undefined || !("unobservable" in found)) return [];
      return [{ ref, role: "", what: `is no longer wanted, and cannot be observed: ${found.unobservable}`, for: [] }];
    });
}

function removal({ ref, risk = "routine" }: OwnedEntry, found: Found | undefined): Decided[] {
  if (found === undefined || "unobservable" in found || !kindOf(ref).isPresent(found.observed)) return [];
  const change: Change = {
    action: "remove",
    ref,
    id: idOf(ref),
    wanted: undefined,
    observed: found.observed,
    differences: [],
  };
  const { kind, removalRisk = "routine" } = kindOf(ref);
  return [{ ref, kind, role: "", risk: worst(risk, removalRisk), needs: [], change }];
}

function planned({ change, role, risk }: Decided): PlannedChange {
  return {
    ref: change.ref,
    role,
    action: change.action,
    sentence: kindOf(change.ref).sentence(change),
    risk,
    differences: change.differences.map(({ path, from, to }) => ({ path, from: json(from), to: json(to) })),
  };
}

/** JSON as zod types it; the values come from kinds, which only put JSON there. */
function json(value: unknown): PlannedChange["differences"][number]["from"] {
  return JSON.parse(JSON.stringify(value ?? null));
}

/** The list is widened before anything is made and narrowed after everything is gone, so that a crash loses nothing. */
function ownership(
  look: Look,
  wanted: readonly { readonly ref: Ref; readonly risk?: Risk | undefined }[],
  decided: readonly Decided[],
): HostPlan["owned"] {
  const made = decided.filter((each) => each.change.action === "create").map((each) => each.change.ref);
  // Written anew for what was owned before too: its questions are this version's, its risk is this estate's.
  const known = new Map([...look.owned, ...wanted].map((each) => [each.ref, each.risk]));
  const during = [...new Set([...look.owned.map((each) => each.ref), ...made])].map((ref) =>
    entry(ref, known.get(ref)),
  );
  const refs = new Set(wanted.map((each) => each.ref));
  const keep = ({ ref }: OwnedEntry): boolean => refs.has(ref) || isUnobservable(look.resources.get(ref));
  return { before: sorted(look.owned), during: sorted(during), after: sorted(during.filter(keep)) };
}

function entry(ref: Ref, risk: Risk | undefined): OwnedEntry {
  return { ref, probe: kindOf(ref).probe(idOf(ref), undefined), risk };
}

function isUnobservable(found: Found | undefined): boolean {
  return found !== undefined && "unobservable" in found;
}

function sorted(entries: readonly OwnedEntry[]): HostPlan["owned"]["before"] {
  return entries
    .map(({ ref, probe, risk = "routine" }) => ({ ref, probe: [...probe], ...(risk === "routine" ? {} : { risk }) }))
    .sort((a, b) => (a.ref < b.ref ? -1 : 1));
}
