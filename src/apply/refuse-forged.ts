// A plan follows from the estate and from what its host shows, and from nothing else. So apply can tell a plan that was written
// or edited by hand, however neatly: it plans the same once more, runs nothing of that, and compares.
import { canonicalJson } from "../lib/canonical-json.ts";
import { Problem } from "../lib/problem.ts";
import { planHost, type HostPlan } from "../plan/index.ts";
import type { Resource } from "../resources/index.ts";
import { nonceOf } from "./playbook.ts";

export type ForgedInput = {
  readonly plan: HostPlan;
  readonly wanted: readonly Resource[];
  /** The one role that was planned. */
  readonly role?: string | undefined;
  /** How long the host's windows stay open, in seconds. */
  readonly windowSeconds?: number | undefined;
};

type Look = Parameters<typeof planHost>[0]["look"];

/** What runs, what is shown of it, and what is noted on the host. */
const BOUND = ["changes", "waiting", "owned", "history", "stages"] as const;

/** Throws Problem `stale`. The look is one whose fingerprint is the plan's. */
export function refuseForged({ plan, wanted, role, windowSeconds }: ForgedInput, look: Look): void {
  const same = planHost({ host: plan.host, wanted, look, role, windowSeconds, nonce: nonceOf(plan) });
  const other = BOUND.filter((name) => canonicalJson(plan[name]) !== canonicalJson(same[name]));
  if (other.length === 0) return;
  throw new Problem({
    code: "stale",
    where: `host ${plan.host}`,
    what: `the plan's ${other.join(", ")} are not what this estate gives for this host: the plan was edited, so nothing was done`,
    fix: "plan again, and ask where that plan came from",
  });
}

/** What would be planned otherwise now, by its refs: what has changed on the host, as far as it shows in the plan. */
export function otherwise({ plan, wanted, role, windowSeconds }: ForgedInput, look: Look): string[] {
  const now = toldOf(planHost({ host: plan.host, wanted, look, role, windowSeconds }));
  const then = toldOf(plan);
  return [...new Set([...then.keys(), ...now.keys()])].filter((ref) => then.get(ref) !== now.get(ref)).sort();
}

function toldOf({ changes, waiting, refusals }: HostPlan): ReadonlyMap<string, string> {
  return new Map([...changes, ...waiting, ...refusals].map((each) => [each.ref, canonicalJson(each)]));
}
