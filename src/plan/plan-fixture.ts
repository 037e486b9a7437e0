// What the planner's tests are made of: a look that tells what they want it to tell, and a host that obeys.
import { digest } from "../lib/digest.ts";
import { kindOf, type Ref, type Resource } from "../resources/index.ts";
import type { Found } from "./decide.ts";
import type { HostPlan, Plan } from "./plan-file.ts";
import type { Look } from "./plan-host.ts";

export const MISSING = { type: "absent", mode: "", owner: "", group: "", digest: "" } as const;

/** A plain file as it is observed. */
export function fileOf(content: string, mode = "0644") {
  return { type: "file", mode, owner: "root", group: "root", digest: digest(content), content } as const;
}

export function directoryOf(mode = "0755") {
  return { type: "directory", mode, owner: "root", group: "root", digest: "" } as const;
}

/** A unit as it is observed. */
export function unitOf(parts: Readonly<Record<string, unknown>> = {}) {
  return { load: "loaded", enabled: true, active: true, ours: false, dropIn: "", running: null, ...parts };
}

/** What is observed; a text alone is the reason why it is not. Whatever is not named is not there. */
export type Seen = Readonly<Record<string, unknown>>;

export function lookOf(wanted: readonly Resource[], seen: Seen, owned: readonly Ref[] = []): Look {
  const refs = [...wanted.map((each) => each.ref), ...owned];
  return {
    host: { machineId: "0".repeat(32), os: "debian-13", python: "3.13.5" },
    owned: owned.map((ref) => ({ ref, probe: [] })),
    resources: new Map(refs.map((ref) => [ref, foundOf(ref, seen[ref])])),
    fingerprint: digest("a look"),
  };
}

function foundOf(ref: Ref, seen: unknown): Found {
  if (typeof seen === "string") return { unobservable: seen };
  return { observed: kindOf(ref).observed.parse(seen ?? kindOf(ref).absent) };
}

export function refsOf(plan: HostPlan): string[] {
  return plan.changes.map((each) => `${each.action} ${each.ref}`);
}

/** A saved plan of these hosts, of an estate without approvals unless `parts` says otherwise. */
export function savedPlan(hosts: readonly HostPlan[], parts: Partial<Plan> = {}): Plan {
  const sum = digest("");
  return {
    format: 1,
    tool: "0.1.0",
    created: "2026-11-21T12:00:00.000Z",
    expires: "2026-11-21T13:00:00.000Z",
    nonce: "0".repeat(32),
    bound: { probe: sum, wrapper: sum, ansible: sum },
    estate: { name: "harbour", profile: "cloud", inputs: [{ path: "estate.yaml", digest: sum }] },
    author: { name: "Operator <operator@harbour.example>" },
    approval: null,
    hosts: hosts.map((host) => ({ ...host, hostKeys: ["ssh-ed25519 AAAA"] })),
    ...parts,
  };
}
