// What one look at a host told: its identity, what Demesne owns there, and the normalised state of every resource.
import { z } from "zod";
import { Answer, Query, risks } from "../resources/index.ts";

/** One thing that Demesne put on the host, with the questions that tell whether it is still there. */
export const Owned = z.strictObject({
  ref: z.templateLiteral([z.string(), ":", z.string()]),
  probe: z.array(Query),
  risk: z.enum(risks).optional().meta({ description: "Least risk of its removal, as the role that made it said" }),
});
export type Owned = z.infer<typeof Owned>;

/** What the probe prints between its nonces. */
export const ProbeResult = z.strictObject({
  format: z.literal(1),
  host: z.strictObject({
    machineId: z.string(),
    os: z.string().meta({ description: "Text of /etc/os-release" }),
    python: z.string(),
    root: z.boolean(),
    cameFrom: z.string().meta({ description: "Address of the ssh client as the host sees it; empty without ssh" }),
  }),
  owned: z.array(Owned),
  ownedBroken: z.string().nullable(),
  applied: z.string().meta({ description: "Text of /var/lib/demesne/applied.jsonl: the plans that were applied" }),
  receipt: z.string().default("").meta({ description: "Last line of /var/lib/demesne/receipts.jsonl" }),
  answers: z.array(z.strictObject({ query: Query, answer: Answer })),
});
export type ProbeResult = z.infer<typeof ProbeResult>;

export type HostFacts = {
  readonly machineId: string;
  /** `debian-13`, from os-release's ID and VERSION_ID. */
  readonly os: string;
  readonly osName: string;
  readonly python: string;
  /** Address from which the look came, as the host saw it; not part of the fingerprint. */
  readonly cameFrom: string | undefined;
};

/** A resource as it was found: in its kind's observed shape, or with the reason why it could not be. */
export type Observed = { readonly observed: unknown } | { readonly unobservable: string };

export type Observation = {
  readonly host: HostFacts;
  readonly owned: readonly Owned[];
  /** The host's own list of applied plans, one JSON line each. */
  readonly applied: string;
  /** The receipt of the last apply that came to its end, as a line of JSON; empty where there is none. */
  readonly receipt: string;
  /** By ref: everything wanted, and everything owned. */
  readonly resources: ReadonlyMap<string, Observed>;
  /** Digest of the identity and of all normalised observations. */
  readonly fingerprint: string;
};
