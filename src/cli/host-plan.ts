// The way from an estate to one host's plan: what is wanted, one look, the differences.
import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Estate, EstateHost } from "../estate/index.ts";
import { SshHost, type Host, type HostAddress } from "../host/index.ts";
import { Problem } from "../lib/problem.ts";
import { observe, type Observation } from "../observe/index.ts";
import { planHost, type HostPlan } from "../plan/index.ts";
import type { Resource } from "../resources/index.ts";
import { authorizedKeysOf, lockouts, resourcesOf } from "../roles/index.ts";
import { deadmanProgram } from "./deadman-program.ts";
import type { SecretStore } from "./secret-store.ts";

export type HostPlanInput = {
  readonly estate: Estate;
  readonly host: EstateHost;
  /** What opens secrets; a machine that may open none only needs their digests. */
  readonly secrets: Pick<SecretStore, "digest"> & Partial<SecretStore>;
  /** How the host is looked at. */
  readonly ssh: Host;
  /** Services that are left out, with the reason. */
  readonly skipped: ReadonlyMap<string, string>;
  /** A twin shares this machine's kernel, so what belongs to a kernel is left out and said. */
  readonly isTwin: boolean;
  readonly role?: string | undefined;
  /** One for all hosts of a saved plan; made up without it. */
  readonly nonce?: string | undefined;
  readonly signal: AbortSignal;
};

/** What the estate wants of a host, and what of that a twin cannot have. */
export type Wanted = { readonly resources: readonly Resource[]; readonly notRehearsed: HostPlan["notRehearsed"] };

export function wantedOf({ estate, host, secrets, skipped, isTwin }: Omit<HostPlanInput, "ssh" | "signal">): Wanted {
  refuseUnpublished(estate, host, skipped);
  const all = resourcesOf({ estate, host, skipped, secretDigest: secrets.digest, deadmanProgram });
  if (!isTwin) return { resources: all, notRehearsed: [] };
  const left = all.filter((each) => each.ownKernel !== undefined);
  return {
    resources: all.filter((each) => each.ownKernel === undefined),
    notRehearsed: left.map(({ ref, ownKernel }) => ({ ref, reason: ownKernel ?? "" })),
  };
}

/** An image that is built here must lie in a registry before a host can pull it. */
function refuseUnpublished(estate: Estate, host: EstateHost, skipped: ReadonlyMap<string, string>): void {
  for (const { name, containers, compose, ...service } of estate.services) {
    if (service.host !== host.id || service.state !== "live" || skipped.has(name)) continue;
    const open = containers.find(({ image }) => image.ref === undefined || image.digest === undefined);
    if (open === undefined) continue;
    const key = `services/${open.name}/image`;
    throw new Problem({
      code: "estate",
      where: `${compose.path}:${compose.lines[key] ?? 1} ${key}`,
      what: "is built by Demesne, and where it was published is not said",
      fix: "push it to a registry that the host reaches, name it here (registry.example/demesne/gateway) and put its digest into inventory/images.lock.yaml",
    });
  }
}

/** Looks at a host and plans for it. */
export async function planOneHost(input: HostPlanInput): Promise<HostPlan> {
  const { resources, notRehearsed } = wantedOf(input);
  const look = await observe(input.ssh, resources, { secretKey: input.secrets.key, signal: input.signal });
  const nonce = input.nonce ?? newNonce();
  const { id, windowSeconds } = input.host;
  const plan = planHost({ host: id, wanted: resources, look, notRehearsed, role: input.role, nonce, windowSeconds });
  return { ...plan, refusals: [...plan.refusals, ...lockoutsOf(input, plan, look)] };
}

function lockoutsOf({ estate, host }: HostPlanInput, plan: HostPlan, look: Observation): HostPlan["refusals"] {
  const found = look.resources.get(authorizedKeysOf(host));
  const keys =
    found !== undefined && "observed" in found
      ? z.object({ content: z.string() }).safeParse(found.observed)
      : undefined;
  const changing = new Set(plan.changes.map((each) => each.ref));
  return lockouts({ estate, host, cameFrom: look.host.cameFrom, changing, keysNow: keys?.data?.content });
}

/** 128 bits, in hex. */
export function newNonce(): string {
  return randomBytes(16).toString("hex");
}

export function addressOf({ id, address, port, user, hostKeys, proxyJump }: EstateHost): HostAddress {
  return { id, address, port, user, hostKeys, proxyJump };
}

/** The live hosts, or the one that was asked for. */
export function hostsOf(estate: Estate, id: string | undefined): readonly EstateHost[] {
  const live = estate.hosts.filter((each) => each.state === "live");
  if (id === undefined) return live;
  const found = live.filter((each) => each.id === id);
  if (found.length > 0) return found;
  const known = estate.hosts.some((each) => each.id === id);
  throw new Problem({
    code: "usage",
    where: `--host ${id}`,
    what: known ? "is dormant" : "is not a host of this estate",
    fix: known
      ? `set state: live for it in inventory/hosts.yaml`
      : `choose one of: ${live.map((each) => each.id).join(", ")}`,
  });
}

/** Most of a look is waiting, so many go on at a time: over 50 ms, fifty at once took 7.4 s, and 24 at a time 8.7 s. */
const HOSTS_AT_ONCE = 64;

/** Does `work` for every host, some at a time; answers in the hosts' order. After a failure no further host is begun. */
export async function everyHost<T>(hosts: readonly EstateHost[], work: (host: EstateHost) => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  // A generator, unlike an array's own iterator, is at its end for all when one of its loops is left by a throw.
  const left = (function* () {
    yield* hosts.entries();
  })();
  const worker = async (): Promise<void> => {
    for (const [at, host] of left) done[at] = await work(host);
  };
  await Promise.all(Array.from({ length: HOSTS_AT_ONCE }, worker));
  return done;
}

/** Opens a host for the time of `work`, and closes it whatever happens. */
export async function withHost<T>(address: HostAddress, work: (ssh: SshHost) => Promise<T>): Promise<T> {
  const ssh = await SshHost.open(address);
  try {
    return await work(ssh);
  } finally {
    await ssh.close();
  }
}
