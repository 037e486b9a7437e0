// What ties a saved plan to the estate, the tool, its author and the time it was made in.
import { homedir, hostname, userInfo } from "node:os";
import { readFile } from "node:fs/promises";
import { pinnedAnsible, wrapperDigest } from "../apply/index.ts";
import { identify } from "../approval/index.ts";
import type { Estate, EstateHost } from "../estate/index.ts";
import { canonicalJson } from "../lib/canonical-json.ts";
import { digest } from "../lib/digest.ts";
import { Problem } from "../lib/problem.ts";
import { probeText } from "../observe/index.ts";
import { Plan, type HostPlan } from "../plan/index.ts";
import { approvalOf, approvalPolicy, signersOf } from "./approval-policy.ts";
import { version } from "./version.ts";

const HOUR_MS = 3_600_000;

export type BindInput = {
  readonly estate: Estate;
  readonly nonce: string;
  /** This machine is asked while the hosts are looked at. */
  readonly looks: Promise<readonly HostPlan[]>;
  readonly hours: number;
  readonly role: string | undefined;
  readonly signal: AbortSignal;
};

/** The plan of all hosts, bound to what it was computed from. */
export async function bindPlan({ estate, nonce, looks, hours, role, signal }: BindInput): Promise<Plan> {
  // What is wrong with rules and signers is told before the hosts have answered.
  const signers = approvalPolicy(estate)?.signers ?? signersOf(estate);
  const [hosts, bound, author] = await Promise.all([
    looks,
    pinnedAnsible().then(boundNow),
    authorOf(estate, signers, signal),
  ]);
  const now = Date.now();
  const { name, profile, inputs } = estate;
  return Plan.parse({
    format: 1,
    tool: version(),
    created: new Date(now).toISOString(),
    expires: new Date(now + hours * HOUR_MS).toISOString(),
    nonce,
    role,
    bound,
    estate: { name, profile, inputs },
    author,
    approval: approvalOf(estate, hosts),
    hosts: hosts.map((each) => ({ ...each, hostKeys: hostKeysOf(estate, each.host) })),
  });
}

/** Digests of what runs besides the plan, as they are on this machine with its pinned ansible-core. */
export async function boundNow({ digest: ansible }: { readonly digest: string }): Promise<Plan["bound"]> {
  const [probe, wrapper] = await Promise.all([probeText(), wrapperDigest()]);
  return { probe: digest(probe), wrapper, ansible };
}

/** The pinned keys of a host without their comments, sorted. */
export function hostKeysOf({ hosts }: { readonly hosts: readonly EstateHost[] }, id: string): string[] {
  const keys = hosts.find((each) => each.id === id)?.hostKeys ?? [];
  return keys.map((key) => key.split(" ").slice(0, 2).join(" ")).sort();
}

async function authorOf(
  estate: Estate,
  signers: ReturnType<typeof signersOf>,
  signal: AbortSignal,
): Promise<Plan["author"]> {
  const { name, own } = await identify({ home: homedir(), root: estate.root, signal }, signers);
  return { name: name === "" ? `${userInfo().username}@${hostname()}` : name, principal: own?.signer.principal };
}

/** A saved plan, and the bytes that it stands for. */
export type SavedPlan = { readonly plan: Plan; readonly bytes: Uint8Array; readonly digest: string };

/** Reads a saved plan. Throws Problem `usage` (no such file) or `stale` (edited, or of another version). */
export async function readPlan(file: string): Promise<SavedPlan> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    const fix = "make a plan first: demesne plan --out FILE";
    throw new Problem({ code: "usage", where: file, what: "cannot be read", fix, cause });
  });
  const parsed = Plan.safeParse(parseJson(bytes));
  // A plan is canonical JSON, so a plan that was edited by hand or reformatted differs from its own canonical form.
  if (parsed.success && Buffer.from(canonicalJson(parsed.data)).equals(bytes))
    return { plan: parsed.data, bytes, digest: digest(bytes) };
  throw new Problem({
    code: "stale",
    where: file,
    what: "is not a plan of this version of Demesne, or was edited",
    fix: "plan again, and read the new plan: demesne plan --out FILE",
  });
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
