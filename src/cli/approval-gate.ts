// What stands between a saved plan and apply: the approvals that the estate asks for.
import { approvalsOf, type Standing } from "../approval/index.ts";
import type { Estate } from "../estate/index.ts";
import { Problem } from "../lib/problem.ts";
import { approvalNeeds } from "../plan/index.ts";
import { approvalPolicy } from "./approval-policy.ts";
import type { SavedPlan } from "./bound-plan.ts";
import { missingInWords } from "./render/standing.ts";

/** How the plan stands under the estate's own rules, whatever the plan says of them; nothing where there are no rules. */
export async function standingOf(
  { plan, bytes }: SavedPlan,
  estate: Estate,
): Promise<(Standing & { readonly folder: string }) | undefined> {
  const policy = approvalPolicy(estate);
  if (policy === undefined) return undefined;
  const needs = approvalNeeds(plan.hosts, policy.rules);
  const { signers } = policy;
  return await approvalsOf(estate.root, { bytes, author: plan.author.principal, needs, signers, now: Date.now() });
}

/** The approvals that a plan is applied under. Throws Problem `policy` that names who and what is missing. */
export async function requireApprovals(file: string, saved: SavedPlan, estate: Estate): Promise<Standing["approvals"]> {
  const standing = await standingOf(saved, estate);
  if (standing === undefined) return [];
  if (standing.isApproved) return standing.approvals;
  throw new Problem({
    code: "policy",
    where: file,
    what: `is not approved, so nothing was done: ${missingInWords(standing)}`,
    fix: `demesne approve ${file}, then commit ${standing.folder} and apply again; demesne approve ${file} --check tells how it stands`,
  });
}
