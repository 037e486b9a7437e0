// One resource at a time: what was found, as it will be once the earlier changes are made, against what is wanted.
import {
  idOf,
  kindOf,
  risks,
  type Change,
  type Facts,
  type Ref,
  type Resource,
  type Risk,
} from "../resources/index.ts";
import type { Refusal, Waiting } from "./plan-file.ts";

/** What the look told of one resource. */
export type Found = { readonly observed: unknown } | { readonly unobservable: string };

export type Decided = {
  readonly ref: Ref;
  readonly kind: string;
  readonly role: string;
  readonly risk: Risk;
  /** Everything it stands on, directly or through what does not change. */
  readonly needs: readonly Ref[];
  readonly change: Change;
};

/** What has been decided so far, and what it lets later resources assume. */
export type Course = {
  readonly facts: Facts;
  readonly changing: ReadonlySet<Ref>;
  readonly waiting: ReadonlySet<Ref>;
  /** For each resource seen so far, what it stands on, through everything it needs. */
  readonly grounds: ReadonlyMap<Ref, ReadonlySet<Ref>>;
};

export type Decision =
  | { readonly is: "same" }
  | { readonly is: "change"; readonly decided: Decided }
  | { readonly is: "refused"; readonly refusal: Refusal }
  | { readonly is: "waiting"; readonly waiting: Waiting };

export function decide(wanted: Resource, found: Found, owned: ReadonlySet<Ref>, course: Course): Decision {
  const seen = resolve(wanted, found, course);
  if ("is" in seen) return seen;
  const kind = kindOf(wanted.ref);
  const facts = {
    ...course.facts,
    rewritten: course.facts.rewritten?.filter((ref) => wanted.needs.includes(ref)) ?? [],
  };
  const observed = kind.foresee?.(wanted.wanted, seen.observed, facts) ?? seen.observed;
  const verdict = kind.compare(wanted.wanted, observed, facts);
  if (verdict.verdict === "same") return { is: "same" };
  const blockers = wanted.needs.filter((ref) => course.waiting.has(ref));
  if (blockers.length > 0) return waits(wanted, "can only follow what it needs", blockers);
  if (verdict.verdict === "refused") return refusedOrWaits(wanted, verdict, course);
  if (verdict.action === "update" && kind.ownable && !owned.has(wanted.ref) && !wanted.adopt)
    return unowned(wanted, verdict);
  return {
    is: "change",
    decided: {
      change: {
        action: verdict.action,
        ref: wanted.ref,
        id: idOf(wanted.ref),
        wanted: wanted.wanted,
        observed,
        differences: verdict.differences,
      },
      role: wanted.role,
      risk: worst(verdict.risk, wanted.risk),
      needs: [...groundsOf(wanted, course)],
      ref: wanted.ref,
      kind: wanted.kind,
    },
  };
}

/** What a resource stands on: its needs and theirs. */
export function groundsOf(wanted: Resource, course: Course): ReadonlySet<Ref> {
  return new Set(wanted.needs.flatMap((ref) => [ref, ...(course.grounds.get(ref) ?? [])]));
}

/** The third state: unobservable is empty when what holds it is only being brought, waits for a change, or is a refusal. */
function resolve(wanted: Resource, found: Found, course: Course): { readonly observed: unknown } | Decision {
  if ("observed" in found) return found;
  if (wanted.needs.some((ref) => course.facts.fresh?.includes(ref))) return { observed: kindOf(wanted.ref).absent };
  const pending = wanted.needs.filter((ref) => course.changing.has(ref) || course.waiting.has(ref));
  if (pending.length > 0) return waits(wanted, `cannot be observed yet: ${found.unobservable}`, pending);
  return refused(wanted, `cannot be observed: ${found.unobservable}`, "mend that on the host, then plan again");
}

function refusedOrWaits(
  wanted: Resource,
  verdict: { readonly what: string; readonly fix: string },
  course: Course,
): Decision {
  // An assertion (a check without a command) is what its needs bring about: while they change, its failing says nothing.
  const pending = wanted.kind === "check" ? wanted.needs.filter((ref) => course.changing.has(ref)) : [];
  if (pending.length > 0) return waits(wanted, "is looked at again afterwards", pending);
  return refused(wanted, verdict.what, verdict.fix);
}

function unowned(wanted: Resource, verdict: { readonly differences: readonly { readonly path: string }[] }): Decision {
  const what = `is there, was not put there by Demesne, and differs in ${verdict.differences.map((each) => each.path).join(", ")}`;
  return refused(
    wanted,
    what,
    `look at it on the host; to let Demesne change it, add "${wanted.ref}" to the host's adopt list in inventory/hosts.yaml`,
  );
}

function refused({ ref, role }: Resource, what: string, fix: string): Decision {
  return { is: "refused", refusal: { ref, role, what, fix } };
}

function waits({ ref, role }: Resource, what: string, pending: readonly Ref[]): Decision {
  return { is: "waiting", waiting: { ref, role, what, for: [...pending] } };
}

export function worst(a: Risk, b: Risk): Risk {
  return risks.indexOf(a) > risks.indexOf(b) ? a : b;
}
