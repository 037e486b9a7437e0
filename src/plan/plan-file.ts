// The plan as it is saved: everything that will run, literally, and what it was computed from.
import { z } from "zod";
import { Query, Step, risks } from "../resources/index.ts";
import { Need } from "./approval-needs.ts";

const ref = z.templateLiteral([z.string(), ":", z.string()]);
const asked = ref.meta({ description: "The resource, `kind:id`" });
const asking = z.string().meta({ description: "The role that asks for it; empty for what is no longer wanted" });
const risk = z.enum(risks).meta({ description: "What may go wrong, mildest first" });

export const PlannedChange = z.strictObject({
  ref: ref.meta({ description: "The resource, `kind:id`" }),
  role: z.string().meta({ description: "The role that asks for it; empty for what is only removed" }),
  action: z.enum(["create", "update", "remove"]).meta({ description: "What is done with it" }),
  sentence: z.string().meta({ description: "What will be done, in words" }),
  risk,
  differences: z
    .array(
      z
        .strictObject({
          path: z.string().meta({ description: "What differs: a field of the resource" }),
          from: z.json().meta({ description: "What was found" }),
          to: z.json().meta({ description: "What is wanted" }),
        })
        .meta({ description: "Found and wanted" }),
    )
    .meta({ description: "What differs, field by field; texts whole" }),
});
export type PlannedChange = z.infer<typeof PlannedChange>;

export const Refusal = z.strictObject({
  ref: asked,
  role: asking,
  what: z.string().meta({ description: "Why it must not be touched" }),
  fix: z.string().meta({ description: "What to do about it" }),
});
export type Refusal = z.infer<typeof Refusal>;

/** Cannot be known yet; it is looked at again after what it waits for. */
export const Waiting = z.strictObject({
  ref: asked,
  role: asking,
  what: z.string().meta({ description: "Why it is not known yet" }),
  for: z.array(ref).meta({ description: "What it waits for" }),
});
export type Waiting = z.infer<typeof Waiting>;

const Owned = z.strictObject({
  ref: asked,
  probe: z.array(Query).meta({ description: "What to ask the host to see whether it is still there" }),
  risk: risk.optional().meta({ description: "Least risk of its removal, as the role that made it said" }),
});

/** What the dead-man puts back, and how long it waits for proof. */
export const Window = z.strictObject({
  name: z.string().meta({ description: "The role whose changes are made in it, or `removals`" }),
  seconds: z
    .number()
    .meta({ description: "Without a proof of access within this time, the host puts everything back" }),
  paths: z.array(z.string()).meta({ description: "Files and directories that are put back" }),
  units: z.array(z.string()).meta({ description: "Units whose state is put back" }),
  tables: z.array(z.string()).meta({ description: "nftables tables that are put back, `inet demesne`" }),
});
export type Window = z.infer<typeof Window>;

/** Steps that run in one go. Those that may cut the connection run in a window, under the dead-man. */
export const Stage = z.strictObject({
  window: Window.optional(),
  steps: z.array(Step).meta({ description: "What runs, in order, to the byte" }),
});
export type Stage = z.infer<typeof Stage>;

export const HostPlan = z.strictObject({
  host: z.string().meta({ description: "Host id" }),
  machineId: z.string().meta({ description: "The machine that was looked at" }),
  os: z.string().meta({ description: "Its operating system" }),
  python: z.string().meta({ description: "Version of its Python" }),
  fingerprint: z.string().meta({ description: "Digest of everything observed" }),
  resources: z.number().meta({ description: "Number of resources looked at" }),
  changes: z.array(PlannedChange).meta({ description: "What will be different, in order" }),
  refusals: z.array(Refusal).meta({ description: "What keeps the plan from being applied" }),
  waiting: z.array(Waiting).meta({ description: "What cannot be known before something else is done" }),
  notRehearsed: z
    .array(z.strictObject({ ref: asked, reason: z.string().meta({ description: "Why a twin cannot have it" }) }))
    .meta({ description: "Left out, because this host is a twin" }),
  notes: z
    .array(z.strictObject({ ref: asked, what: z.string().meta({ description: "What follows from it" }) }))
    .optional()
    .meta({ description: "What a person should know, whether anything changes or not" }),
  owned: z
    .strictObject({
      before: z.array(Owned).meta({ description: "What is listed there now" }),
      during: z.array(Owned).meta({ description: "Widened before anything is made, so that a crash loses nothing" }),
      after: z.array(Owned).meta({ description: "Narrowed once everything is gone" }),
    })
    .meta({
      description: "What Demesne's list on the host says before, while the plan runs and afterwards",
    }),
  history: z
    .string()
    .meta({ description: "The host's list of applied plans as it will be; it holds this plan's nonce" }),
  stages: z.array(Stage).meta({ description: "What runs, one stage after the other" }),
});
export type HostPlan = z.infer<typeof HostPlan>;

const PlannedHost = HostPlan.extend({
  hostKeys: z.array(z.string()).meta({ description: "Its public host keys, as pinned in the inventory" }),
});

export const Plan = z.strictObject({
  format: z.literal(1).meta({ description: "Version of this format" }),
  tool: z.string().meta({ description: "Version of Demesne that made it, and that alone applies it" }),
  created: z.iso.datetime().meta({ description: "When it was made, UTC" }),
  expires: z.iso.datetime().meta({ description: "After this it is refused" }),
  nonce: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .meta({ description: "Each host notes it before anything is done, so that a plan is applied once" }),
  role: z.string().optional().meta({ description: "Only this role was planned, and what it stands on" }),
  bound: z
    .strictObject({
      probe: z.string().meta({ description: "The program that looks at a host" }),
      wrapper: z
        .string()
        .meta({ description: "The programs that stand around each task: the lease, Ansible's events" }),
      ansible: z.string().meta({ description: "ansible-core's pinned requirements" }),
    })
    .meta({ description: "Digests of what runs besides the plan itself" }),
  estate: z
    .strictObject({
      name: z.string().meta({ description: "The estate's name" }),
      profile: z.string().meta({ description: "The profile in force" }),
      inputs: z
        .array(
          z.strictObject({
            path: z.string().meta({ description: "A file that was read, relative to the estate" }),
            digest: z.string().meta({ description: "Digest of its bytes" }),
          }),
        )
        .meta({ description: "Every file that the estate was read from" }),
    })
    .meta({ description: "The estate that it was made from" }),
  author: z
    .strictObject({
      name: z.string().meta({ description: "As git would name who made the plan" }),
      principal: z.string().optional().meta({ description: "The same person in policy/allowed_signers, by their key" }),
    })
    .meta({ description: "Who made the plan, as they say; where it matters, their signature proves it" }),
  approval: z
    .strictObject({
      policy: z.string().meta({ description: "Digest of the estate's rules and signers" }),
      needs: z.array(Need).meta({ description: "What this plan asks for, the gravest risk first" }),
    })
    .nullable()
    .meta({ description: "Null where the estate asks for no approvals" }),
  hosts: z.array(PlannedHost).meta({ description: "One for each host that was looked at" }),
});
export type Plan = z.infer<typeof Plan>;
