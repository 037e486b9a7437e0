// Every reason to refuse a saved plan before a host is asked. Each names what is different, and nothing has been done yet.
import type { Estate } from "../estate/index.ts";
import { canonicalJson } from "../lib/canonical-json.ts";
import { Problem } from "../lib/problem.ts";
import type { Plan } from "../plan/index.ts";
import { approvalOf } from "./approval-policy.ts";
import { hostKeysOf } from "./bound-plan.ts";

/** Clocks of two machines may differ by this much. */
const SKEW_MS = 5 * 60_000;

export type Saved = { readonly file: string; readonly plan: Plan };

/** Throws Problem `stale` for a plan whose time is over, or has not come by this machine's clock. */
export function refuseExpired({ file, plan }: Saved, now: number): void {
  if (Date.parse(plan.expires) < now) throw stale(file, `has expired at ${plan.expires}`);
  if (Date.parse(plan.created) > now + SKEW_MS)
    throw stale(file, `was made at ${plan.created}, which is still to come by this machine's clock`);
}

/** Throws Problem `stale` for a plan of another estate, or of this one as it no longer is. */
export function refuseForeign({ file, plan }: Saved, estate: Estate): void {
  const { name, profile } = plan.estate;
  if (name !== estate.name) throw stale(file, `is a plan of the estate ${name}, not of ${estate.name}`);
  if (profile !== estate.profile)
    throw stale(file, `was made under the profile ${profile}, and ${estate.profile} is in force`);
  for (const host of plan.hosts) refuseOtherHost(file, host, estate);
  const paths = changedPaths(plan, estate);
  if (paths.length > 0) throw stale(paths.join(", "), "changed since the plan was made, so nothing was done");
  if (canonicalJson(plan.approval) !== canonicalJson(approvalOf(estate, plan.hosts)))
    throw stale(file, "says that it needs other approvals than the estate asks for: it was edited");
}

/** Throws Problem `stale` for a plan that other programs would carry out than those it was made with. */
export function refuseOtherTool({ file, plan }: Saved, bound: Plan["bound"], tool: string): void {
  if (plan.tool !== tool) throw stale(file, `was made by Demesne ${plan.tool}, this is ${tool}`);
  if (plan.bound.probe !== bound.probe) throw stale(file, "was made with another probe than this Demesne's");
  if (plan.bound.wrapper !== bound.wrapper)
    throw stale(file, "was made for other programs around its tasks than this Demesne's");
  if (plan.bound.ansible !== bound.ansible) throw stale(file, "was made for another ansible-core than this machine's");
}

function refuseOtherHost(file: string, { host, hostKeys }: Plan["hosts"][number], estate: Estate): void {
  const found = estate.hosts.find((each) => each.id === host);
  if (found === undefined) throw stale(file, `is for a host ${host}, and the estate has none of that name`);
  if (found.state !== "live") throw stale(file, `is for the host ${host}, which is dormant now`);
  const now = hostKeysOf(estate, host);
  if (now.join() !== hostKeys.join())
    throw stale(
      `host ${host}`,
      `is pinned to other host keys (${types(now)}) than the plan was made for (${types(hostKeys)})`,
    );
}

/** Enough of each key to tell them apart. */
function types(keys: readonly string[]): string {
  return keys.map((key) => `${key.split(" ")[0]} ...${key.slice(-12)}`).join(", ");
}

function changedPaths(plan: Plan, estate: Estate): string[] {
  const now = new Map(estate.inputs.map((each) => [each.path, each.digest]));
  const then = new Map(plan.estate.inputs.map((each) => [each.path, each.digest]));
  return [...new Set([...now.keys(), ...then.keys()])].filter((path) => now.get(path) !== then.get(path)).sort();
}

function stale(where: string, what: string): Problem {
  return new Problem({ code: "stale", where, what, fix: "plan again, and read the new plan: demesne plan --out FILE" });
}
