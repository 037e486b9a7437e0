// The estate's approvals as the other commands use them: the rules, the people, and one digest over both.
import { allowedSigners, type Signer } from "../approval/index.ts";
import type { Estate } from "../estate/index.ts";
import { digestJson } from "../lib/digest.ts";
import { Problem } from "../lib/problem.ts";
import { approvalNeeds, type HostPlan, type Plan } from "../plan/index.ts";

export type ApprovalPolicy = {
  readonly rules: NonNullable<Estate["approvals"]>;
  readonly signers: readonly Signer[];
  readonly digest: string;
};

const SIGNERS_FILE = "policy/allowed_signers";

/** Everybody with a key in the estate's list; nobody without a list. Throws Problem `estate` with file and line. */
export function signersOf({ signers }: Pick<Estate, "signers">): readonly Signer[] {
  return signers === undefined ? [] : allowedSigners(signers, SIGNERS_FILE);
}

/** Nothing where the estate asks for no approvals. Throws Problem `estate` when it asks for more people than it lists. */
export function approvalPolicy(estate: Estate): ApprovalPolicy | undefined {
  const signers = signersOf(estate);
  const { approvals: rules } = estate;
  if (rules === undefined) return undefined;
  const people = new Set(signers.map((each) => each.principal));
  for (const [risk, rule] of Object.entries(rules)) {
    const needed = rule.people === 0 ? 0 : rule.people + (rule.author ? 0 : 1);
    if (needed <= people.size) continue;
    throw new Problem({
      code: "estate",
      where: `estate.yaml approvals/${risk}`,
      what: `asks for ${needed} people, ${rule.author ? "" : "the author among them, "}and ${SIGNERS_FILE} lists ${people.size}`,
      fix: `list more people in ${SIGNERS_FILE}, or ask for fewer`,
    });
  }
  return { rules, signers, digest: digestJson({ rules, signers: estate.signers ?? "" }) };
}

/** What a plan of these hosts asks for, as the plan itself says it. */
export function approvalOf(estate: Estate, hosts: readonly HostPlan[]): Plan["approval"] {
  const policy = approvalPolicy(estate);
  return policy === undefined ? null : { policy: policy.digest, needs: approvalNeeds(hosts, policy.rules) };
}
