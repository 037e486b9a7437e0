// One host: take the lease, look again, run the plan stage by stage, look once more. The plan is refused when the host is not
// as it was when the plan was made.
import { z } from "zod";
import type { Host, SshHost } from "../host/index.ts";
import type { Ledger } from "../ledger/index.ts";
import { Problem } from "../lib/problem.ts";
import type { Progress } from "../lib/ports.ts";
import type { Sensitive } from "../lib/sensitive.ts";
import { observe, type Observation } from "../observe/index.ts";
import { planHost, type HostPlan } from "../plan/index.ts";
import type { Resource } from "../resources/index.ts";
import type { Ansible } from "./install-ansible.ts";
import { takeLease, type Lease, type Receipt } from "./lease.ts";
import { nonceOf, printPlaybooks, type Playbook } from "./playbook.ts";
import { otherwise, refuseForged } from "./refuse-forged.ts";
import { remoteFolder, runPlaybook } from "./run-playbook.ts";
import { prove, putBack, reach } from "./window.ts";

export type ApplyHostInput = {
  readonly host: SshHost;
  /** The host's other address, if it has one: access is proven over each. */
  readonly address6?: string | undefined;
  readonly plan: HostPlan;
  /** The one role that was planned, and how long the host's windows stay open: the plan must follow from them. */
  readonly role?: string | undefined;
  readonly windowSeconds?: number | undefined;
  /** Digest of the plan's bytes. */
  readonly digest: string;
  /** What the estate wants of the host: to look at the same things again. */
  readonly wanted: readonly Resource[];
  readonly ansible: Ansible;
  readonly secret: (name: string) => Sensitive;
  readonly secretKey?: Uint8Array | undefined;
  /** Where each step is written before it is taken; a rehearsal keeps none. */
  readonly ledger?: Pick<Ledger, "append"> | undefined;
  /** Take the lease even if another apply holds it. */
  readonly takeOver?: boolean | undefined;
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
  const { host, plan, digest, takeOver, signal } = input;
  refuseRefusals(plan);
  if (isEmpty(plan)) return await applyNothing(input);
  const remote = remoteFolder();
  const lease = await takeLease(host, { plan: digest, remote, takeOver, signal });
  const playbooks = printPlaybooks(plan);
  let receipt: Receipt | null = null;
  try {
    const [now] = await Promise.all([look(input, host.shared()), refuseUnreached(input)]);
    refuseStale(input, now);
    refuseForged(input, now);
    await input.ledger?.append({ kind: "apply/intent", host: host.id, plan: digest, changes: plan.changes.length });
    await runStages(input, playbooks, lease, remote);
    const left = leftOf(input, await look(input, host.shared()));
    receipt = await receive(input, left);
    return { host: host.id, applied: plan.changes.length, left };
  } catch (error) {
    await noteFailure(input, error);
    throw error;
  } finally {
    // A host that cannot be reached any more loses the folder with its next boot: it is memory. Files that were not
    // renamed into their place are those of a play that failed.
    await lease.release([remote, ...playbooks.flatMap(halvesOf)], receipt).catch(() => undefined);
  }
}

/** Nothing to run and nothing to note: one look is all there is to it. */
function isEmpty({ stages, owned }: HostPlan): boolean {
  return stages.length === 0 && owned.before.length === owned.after.length;
}

async function applyNothing(input: ApplyHostInput): Promise<Applied> {
  const { host, digest, takeOver, signal } = input;
  const now = await look(input, host);
  refuseStale(input, now);
  refuseForged(input, now);
  const left = leftOf(input, now);
  const begun = cutOff(now);
  if (begun !== undefined) {
    // An apply was cut off and nothing is left of it: saying so is all that is left to do.
    const remote = remoteFolder();
    const lease = await takeLease(host, { plan: digest, remote, takeOver, signal });
    await lease.release([], { nonce: begun, plan: digest, applied: 0, left: 0, entry: "" });
  }
  return { host: host.id, applied: 0, left };
}

/** Nonce of the plan that was begun last, if no receipt tells its end. */
function cutOff({ applied, receipt }: Observation): string | undefined {
  const begun = nonceIn(applied.trimEnd().split("\n").at(-1) ?? "");
  return begun === nonceIn(receipt) ? undefined : begun;
}

/** Of a line of JSON. */
function nonceIn(line: string): string | undefined {
  return line === "" ? undefined : z.looseObject({ nonce: z.string() }).parse(JSON.parse(line)).nonce;
}

async function look({ wanted, secretKey, signal }: ApplyHostInput, over: Host): Promise<Observation> {
  return await observe(over, wanted, { secretKey, signal });
}

function leftOf({ host, wanted }: ApplyHostInput, now: Observation): HostPlan {
  return planHost({ host: host.id, wanted, look: now });
}

/** A window could never be proven over an address that does not answer before it, so none is opened. */
async function refuseUnreached({ host, address6, plan, signal }: ApplyHostInput): Promise<void> {
  if (address6 === undefined || plan.stages.every(({ window }) => window === undefined)) return;
  const failure = await reach(host, address6, signal);
  if (failure === undefined) return;
  throw new Problem({
    code: "unreachable",
    where: `host ${host.id}`,
    what: `is not reached over its address6, so nothing was done: ${failure}`,
    fix: `mend the way to ${address6}, or take address6 out of inventory/hosts.yaml: access is then proven over the other address alone`,
  });
}

async function runStages(
  input: ApplyHostInput,
  playbooks: readonly Playbook[],
  lease: Lease,
  remote: string,
): Promise<void> {
  const { plan, host, progress } = input;
  const total = playbooks.reduce((sum, each) => sum + each.tasks.length, 0);
  progress.step(`applying ${plan.changes.length} changes to ${host.id} in ${total} steps`);
  let done = 0;
  for (const playbook of playbooks) {
    const stage = { host: host.id, plan: input.digest, window: playbook.window?.name };
    // All that a stage is going to do is written down before any of it, and each step again when it begins.
    await input.ledger?.append({ kind: "apply/stage", ...stage, tasks: [...playbook.tasks] });
    const steps: Promise<unknown>[] = [];
    const onTask = (task: string): void => {
      progress.detail(`${(done += 1)}/${total} ${task}`);
      steps.push(Promise.resolve(input.ledger?.append({ kind: "apply/step", ...stage, step: done, of: total, task })));
    };
    try {
      await runStage(input, playbook, { ...lease, remote, onTask });
    } finally {
      await Promise.allSettled(steps);
    }
    await Promise.all(steps);
    await input.ledger?.append({ kind: "apply/staged", ...stage, tasks: playbook.tasks.length });
  }
}

async function runStage(
  input: ApplyHostInput,
  playbook: Playbook,
  how: Pick<Lease, "interpreter"> & { readonly remote: string; readonly onTask: (task: string) => void },
): Promise<void> {
  const { window } = playbook;
  if (window === undefined) return await runPlaybook({ ...input, ...how, playbook });
  const { address } = input.host.address;
  const addresses = input.address6 === undefined ? [address] : [address, input.address6];
  const open = { ...input, addresses, window, nonce: nonceOf(input.plan) };
  try {
    await runPlaybook({ ...input, ...how, playbook });
    input.signal?.throwIfAborted();
  } catch (error) {
    const reverted = await putBack(open, error instanceof Problem ? `${error.where}: ${error.what}` : "stopped");
    input.signal?.throwIfAborted();
    throw reverted ?? error;
  }
  await prove(open);
}

async function receive({ ledger, host, plan, digest }: ApplyHostInput, left: HostPlan): Promise<Receipt> {
  const told = { applied: plan.changes.length, left: left.changes.length + left.refusals.length };
  const entry = await ledger?.append({ kind: "apply/result", host: host.id, plan: digest, ...told });
  return { nonce: nonceOf(plan), plan: digest, ...told, entry: entry?.hash ?? "" };
}

/** A ledger that cannot be written must not hide what went wrong before. */
async function noteFailure({ ledger, host, digest }: ApplyHostInput, error: unknown): Promise<void> {
  const told = error instanceof Problem ? { where: error.where, what: error.what } : { where: "", what: "stopped" };
  await ledger?.append({ kind: "apply/failed", host: host.id, plan: digest, ...told }).catch(() => undefined);
}

function halvesOf({ trees }: Playbook): string[] {
  return trees.flatMap(({ entries }) => entries.filter((each) => each.type === "file").map((each) => each.path));
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

function refuseStale(input: ApplyHostInput, now: Observation): void {
  const { plan } = input;
  // The host's own list decides, so that another clone of the estate cannot replay a plan.
  if (now.applied.split("\n").includes(plan.history.trim().split("\n").at(-1) ?? ""))
    throw stale(
      plan,
      "has applied this plan before, and a plan is applied once",
      "plan again: a new plan holds what is left",
    );
  if (now.host.machineId !== plan.machineId)
    throw stale(plan, "is another machine than the one that was planned for (its machine-id differs)");
  if (now.fingerprint !== plan.fingerprint)
    throw stale(
      plan,
      `has changed since the plan was made, so nothing was done: ${changedOn(input, now)}`,
      "plan again, and read what is different",
    );
}

/** Enough of what is different to know where to look. */
function changedOn(input: ApplyHostInput, now: Observation): string {
  const refs = otherwise(input, now);
  if (refs.length === 0) return "something that no change of the plan tells of";
  const more = refs.length > 5 ? ` and ${refs.length - 5} more` : "";
  return `it is about ${refs.slice(0, 5).join(", ")}${more}`;
}

function stale({ host }: HostPlan, what: string, fix = "plan again, and read the new plan"): Problem {
  return new Problem({ code: "stale", where: `host ${host}`, what, fix });
}
