// The plan as it is saved: everything that will run, literally, and what it was computed from.
import { z } from "zod";
import { Query, Step, risks } from "../resources/index.ts";

const ref = z.templateLiteral([z.string(), ":", z.string()]);
const risk = z.enum(risks).meta({ description: "What may go wrong, mildest first" });

export const PlannedChange = z.strictObject({
  ref: ref.meta({ description: "The resource, `kind:id`" }),
  role: z.string().meta({ description: "The role that asks for it; empty for what is only removed" }),
  action: z.enum(["create", "update", "remove"]),
  sentence: z.string().meta({ description: "What will be done, in words" }),
  risk,
  differences: z.array(
    z.strictObject({ path: z.string(), from: z.json(), to: z.json() }).meta({ description: "Found and wanted" }),
  ),
});
export type PlannedChange = z.infer<typeof PlannedChange>;

export const Refusal = z.strictObject({
  ref,
  role: z.string(),
  what: z.string().meta({ description: "Why it must not be touched" }),
  fix: z.string(),
});
export type Refusal = z.infer<typeof Refusal>;

/** Cannot be known yet; it is looked at again after what it waits for. */
export const Waiting = z.strictObject({ ref, role: z.string(), what: z.string(), for: z.array(ref) });
export type Waiting = z.infer<typeof Waiting>;

const Owned = z.strictObject({
  ref,
  probe: z.array(Query),
  risk: risk.optional().meta({ description: "Least risk of its removal, as the role that made it said" }),
});

export const HostPlan = z.strictObject({
  host: z.string().meta({ description: "Host id" }),
  machineId: z.string().meta({ description: "The machine that was looked at" }),
  os: z.string(),
  python: z.string(),
  fingerprint: z.string().meta({ description: "Digest of everything observed" }),
  resources: z.number().meta({ description: "Number of resources looked at" }),
  changes: z.array(PlannedChange),
  refusals: z.array(Refusal),
  waiting: z.array(Waiting),
  notRehearsed: z.array(z.strictObject({ ref, reason: z.string() })),
  owned: z.strictObject({ before: z.array(Owned), during: z.array(Owned), after: z.array(Owned) }).meta({
    description: "What Demesne's list on the host says before, while the plan runs and afterwards",
  }),
  history: z
    .string()
    .meta({ description: "The host's list of applied plans as it will be; it holds this plan's nonce" }),
  steps: z.array(Step).meta({ description: "What runs, in order, to the byte" }),
});
export type HostPlan = z.infer<typeof HostPlan>;

export const Plan = z.strictObject({
  format: z.literal(1),
  tool: z.string().meta({ description: "Version of Demesne that made it" }),
  created: z.iso.datetime(),
  expires: z.iso.datetime().meta({ description: "After this it is refused" }),
  nonce: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .meta({ description: "Each host notes it before anything is done, so that a plan is applied once" }),
  bound: z
    .strictObject({ probe: z.string(), ansible: z.string() })
    .meta({ description: "Digests of the probe's text and of ansible-core's pinned requirements" }),
  estate: z.strictObject({
    name: z.string(),
    profile: z.string(),
    inputs: z.array(z.strictObject({ path: z.string(), digest: z.string() })),
  }),
  hosts: z.array(HostPlan),
});
export type Plan = z.infer<typeof Plan>;
