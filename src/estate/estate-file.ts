// estate.yaml: what the estate is called, which profile it runs, and the rules that hold for all of its hosts.
import * as z from "zod";
import { Approvals } from "./approvals.ts";
import { Name, Network4, Network6, PublicKey, SecretName, Sentence, Url } from "./fields.ts";
import { Profile, ProfileName } from "./profile.ts";

const Email = z
  .email({ error: "should be an e-mail address" })
  .meta({ description: "an address that is read", examples: ["operator@harbour.example"] });

const Contacts = z
  .strictObject({
    operator: Email.meta({ description: "who runs the estate" }),
    security: Email.meta({ description: "who is told about a vulnerability or a breach" }),
    dataProtection: Email.meta({ description: "who answers for personal data" }),
  })
  .meta({ description: "roles, not people: addresses that outlive a job" });

const DataClass = z.strictObject({
  personal: z.boolean().meta({ description: "true if it may hold personal data" }),
  note: Sentence.meta({ description: "what belongs to this class" }),
  hosted: z
    .enum(["masked", "analysed", "never"])
    .default("masked")
    .meta({
      description:
        "what the gateway sends to a hosted model: masked is all but identifiers and known names; analysed is free text, " +
        "which leaves only through an analyser; never stays",
    }),
  media: z.enum(["refused", "passed"]).default("refused").meta({
    description:
      "images and documents that the gateway cannot read: passed to a hosted model only for a class that holds nobody's data",
  }),
});

/** A secret, since the names of clients are personal data themselves. */
const Names = SecretName.optional();

const Privacy = z
  .strictObject({
    dictionaries: z
      .strictObject({
        client: Names.meta({ description: "names of clients, one a line" }),
        deal: Names.meta({ description: "names of deals and projects, one a line" }),
        staff: Names.meta({ description: "names of the people who work here, one a line" }),
      })
      .prefault({})
      .meta({ description: "names that never leave to a hosted model" }),
    analyser: Url.optional().meta({
      description: "an analyser with Presidio's HTTP API, which finds names in free text",
      examples: ["http://analyser:3000"],
    }),
  })
  .meta({ description: "what the gateway knows about names" });

const days = { error: "should be a whole number of days, 1-3650" };
const Days = z.int(days).min(1, days).max(3650, days);

const Retention = z
  .strictObject({
    logDays: Days.default(30).meta({ description: "host journals and container logs" }),
    auditDays: Days.default(365).meta({ description: "ledger and gateway audit, metadata only" }),
    chatDays: Days.default(30).meta({ description: "conversations in the chat UI" }),
  })
  .meta({ description: "how long things are kept" });

const TierNetworks = z.strictObject({ network4: Network4, network6: Network6 });

const Tiers = z
  .strictObject({
    team: TierNetworks.meta({ description: "people of the team and the services they use" }),
    guest: TierNetworks.optional().meta({ description: "visitors: less trusted than the team" }),
    agent: TierNetworks.optional().meta({ description: "coding agents and what they run" }),
  })
  .meta({ description: "a network of containers for each tier of trust" });

/** root logs in nowhere, and the accounts of the system are not people. */
const AccountName = Name.refine((name) => !["root", "daemon", "nobody", "sshd", "demesne"].includes(name), {
  error: "should be the account of a person or a job, not one of the system",
});

const Account = z.strictObject({
  keys: z.array(PublicKey).min(1, { error: "should list at least one public key" }).meta({
    description: "public keys that may log in",
  }),
  sudo: z.boolean().default(false).meta({ description: "may become root without a password, as Ansible needs it" }),
  adopt: z.boolean().default(false).meta({ description: "the account is there already and Demesne may manage it" }),
});

const Control = z
  .string()
  .regex(/^[a-z][a-z0-9-]*(?:\/[A-Za-z0-9_.-]+)*$/, { error: "should name a control, `role/setting`" })
  .meta({ description: "a control", examples: ["sysctl/net.ipv4.ip_forward"] });

const Waiver = z.strictObject({
  controls: z
    .array(Control)
    .min(1, { error: "should name at least one control" })
    .meta({ description: "the controls that are not met, all for the same reason" }),
  reason: Sentence,
  owner: Name.meta({ description: "the role that answers for it, one of the contacts", examples: ["operator"] }),
  until: z.iso
    .date({ error: "should be a date, YYYY-MM-DD" })
    .meta({ description: "the last day on which it counts", examples: ["2027-06-30"] }),
});

export const EstateFile = z
  .strictObject({
    name: Name.meta({ description: "the estate's name", examples: ["harbour"] }),
    profile: ProfileName,
    profiles: z
      .strictObject({
        cloud: Profile.meta({ description: "a hosted model, de-identified data only" }),
        airgapped: Profile.meta({ description: "an open-weight model of your own, no egress" }),
      })
      .meta({ description: "the one seam: all that differs between the profiles" }),
    contacts: Contacts,
    dataClasses: z.record(Name, DataClass).meta({ description: "the classes of data that services handle, by name" }),
    privacy: Privacy.prefault({}),
    retention: Retention.prefault({}),
    tiers: Tiers,
    containerPool: TierNetworks.meta({
      description: "where Docker takes the networks from that it makes by itself; apart from every tier",
    }),
    accounts: z.record(AccountName, Account).meta({ description: "who may log in, by account name" }),
    approvals: Approvals.optional(),
    waivers: z.array(Waiver).default([]).meta({ description: "controls that are knowingly not met" }),
  })
  .meta({ title: "estate.yaml", description: "The estate: its name, profile, tiers and people." });
export type EstateFile = z.infer<typeof EstateFile>;
