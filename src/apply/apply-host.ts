// One host: look again, run the plan, look again. The plan is refused when the host is not as it was when the plan was made.
import type { SshHost } from "../host/index.ts";
import { Problem } from "../lib/problem.ts";
import type { Progress } from "../lib/ports.ts";
import type { Sensitive } from "../lib/sensitive.ts";
import { observe, type Observation } from "../observe/index.ts";
import { planHost, type HostPlan } from "../plan/index.ts";
import type { Resource } from "../resources/index.ts";
import type { Ansible } from "./install-ansible.ts";
import { printPlaybook } from "./playbook.ts";
import { runPlaybook } from "./run-playbook.ts";

export type ApplyHostInput = {
  readonly host: SshHost;
  readonly plan: HostPlan;
  /** What the estate wants of the host: to look at the same things again. */
  readonly wanted: readonly Resource[];
  readonly ansible: Ansible;
  readonly secret: (name: string) => Sensitive;
  readonly secretKey?: Uint8Array | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
};

export type Applied = {
  readonly host: string;
  readonly applied: number;
  /** What a look afterwards would still change; empty when the host is as wanted. */
  readonly left: HostPlan;
};

/** Throws Problem `refused`, `stale`, `failed` or `unreachable`. */
export async function applyHost(input: ApplyHostInput): Promise<Applied> {
  const { host, plan, wanted, progress } = input;
  refuseRefusals(plan);
  const now = await look(input);
  refuseUsed(plan, now);
  refuseDifference(plan, now);
  if (isEmpty(plan)) return { host: host.id, applied: 0, left: planHost({ host: host.id, wanted, look: now }) };
  const playbook = printPlaybook(plan);
  let done = 0;
  progress.step(`applying ${plan.changes.length} changes to ${host.id} in ${playbook.tasks} steps`);
  await runPlaybook({
    ...input,
    playbook,
    onTask: (task) => progress.detail(`${(done += 1)}/${playbook.tasks} ${task}`),
  });
  const left = planHost({ host: host.id, wanted, look: await look(input) });
  return { host: host.id, applied: plan.changes.length, left };
}

/** Nothing to run and nothing to note: one look is all there is to it. */
function isEmpty({ steps, owned }: HostPlan): boolean {
  return steps.length === 0 && owned.before.length === owned.after.length;
}

async function look({ host, wanted, secretKey, signal }: ApplyHostInput): Promise<Observation> {
  return await observe(host, wanted, { secretKey, signal });
}

function refuseRefusals(plan: HostPlan): void {
  const [first] = plan.refusals;
  if (first === undefined) return;
  throw new Problem({
    code: "refused",
    where: `host ${plan.host}, ${first.ref}`,
    what: `${first.what}${plan.refusals.length > 1 ? ` (and ${plan.refusals.length - 1} more refusals)` : ""}`,
    fix: first.fix,
  });
}

/** The host's own list decides, so that another clone of the estate cannot replay a plan. */
function refuseUsed(plan: HostPlan, { applied }: Observation): void {
  const note = plan.history.trim().split("\n").at(-1) ?? "";
  if (!applied.split("\n").includes(note)) return;
  throw new Problem({
    code: "stale",
    where: `host ${plan.host}`,
    what: "has applied this plan before, and a plan is applied once",
    fix: "plan again: a new plan holds what is left",
  });
}

function refuseDifference(plan: HostPlan, { host, fingerprint }: Observation): void {
  if (host.machineId !== plan.machineId) {
    throw new Problem({
      code: "stale",
      where: `host ${plan.host}`,
      what: "is another machine than the one that was planned for (its machine-id differs)",
      fix: "plan again, and read the new plan",
    });
  }
  if (fingerprint !== plan.fingerprint) {
    throw new Problem({
      code: "stale",
      where: `host ${plan.host}`,
      what: "has changed since the plan was made, so nothing was done",
      fix: "plan again, and read what is different",
    });
  }
}
