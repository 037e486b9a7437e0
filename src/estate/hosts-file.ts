// inventory/hosts.yaml: the machines, how they are reached, and what they are for.
import * as z from "zod";
import { Address, Address6, Name, Port, PublicKey, Sentence, Sources, State, Url } from "./fields.ts";

const RoleName = z.enum(["common", "ssh-hardening", "firewall", "docker", "service"]).meta({
  description: "a named set of resources",
});

const Open = z.strictObject({
  port: Port.meta({ description: "the port on the host", examples: [22] }),
  proto: z.enum(["tcp", "udp"]).default("tcp").meta({ description: "the protocol" }),
  from: Sources,
  note: Sentence.meta({ description: "what it is open for" }),
});

const Adopt = z
  .string()
  .regex(/^[a-z][a-z-]*:\S.*$/, { error: "should be a kind and an id, `file:/etc/motd`" })
  .meta({ description: "a thing that is there already and that Demesne may take over", examples: ["file:/etc/motd"] });

const AptSource = z.strictObject({
  name: Name.meta({ description: "name of the source", examples: ["docker"] }),
  uris: z.array(Url).min(1).meta({ description: "archive roots" }),
  suites: z
    .array(z.string().min(1))
    .min(1)
    .meta({ description: "suites", examples: [["bookworm"]] }),
  components: z
    .array(z.string().min(1))
    .min(1)
    .meta({ description: "components", examples: [["stable"]] }),
  key: z
    .string()
    .includes("BEGIN PGP PUBLIC KEY BLOCK", { error: "should be an armoured public key" })
    .meta({ description: "the armoured public key that signs it" }),
});

const zoneError = { error: "should be a time zone, `Area/City` or `Etc/UTC`" };

const Folder = z.string().regex(/^\/[A-Za-z0-9._/-]+$/, { error: "should be a full path of plain letters" });

const DriftTimer = z.strictObject({
  every: z.enum(["hourly", "daily", "weekly"]).default("daily").meta({ description: "how often it looks" }),
  program: Folder.default("/opt/demesne").meta({
    description: "where Demesne lies on the host; only root may write there",
  }),
  estate: Folder.default("/srv/estate").meta({ description: "where a checkout of this estate lies on the host" }),
});

export const HostEntry = z.strictObject({
  kind: z.enum(["control", "gpu"]).meta({ description: "control: runs the services; gpu: runs an open-weight model" }),
  state: State.default("live"),
  os: z.enum(["debian-12", "debian-13", "ubuntu-24.04"]).meta({ description: "the operating system it has" }),
  address: Address,
  address6: Address6.optional().meta({ description: "its IPv6 address, checked and proven beside the other" }),
  port: Port.default(22).meta({ description: "the port of sshd" }),
  user: Name.meta({ description: "the account that logs in: one of the accounts, with sudo" }),
  hostKeys: z.array(PublicKey).min(1, { error: "should list at least one host key" }).meta({
    description: "its public host keys, learned out of band; any other key is refused",
  }),
  proxyJump: z
    .string()
    .regex(/^[a-z][a-z0-9-]*@[A-Za-z0-9.:[\]-]+:\d{1,5}$/, { error: "should be user@address:port" })
    .optional()
    .meta({ description: "the jump host, user@address:port" }),
  roles: z.array(RoleName).default(["common", "ssh-hardening", "firewall", "docker", "service"]).meta({
    description: "what is done on this host",
  }),
  open: z.array(Open).default([]).meta({ description: "ports of the host itself that the firewall lets in" }),
  adopt: z.array(Adopt).default([]).meta({ description: "what is there already and may be taken over" }),
  aptSources: z.array(AptSource).default([]).meta({
    description: "package sources besides the distribution's; Docker on Debian 12 needs Docker's own",
  }),
  aptProxy: Url.optional().meta({ description: "HTTP proxy for apt" }),
  timezone: z
    .string()
    .regex(/^[A-Za-z]+(?:\/[A-Za-z0-9_+-]+)*$/, zoneError)
    .default("Etc/UTC")
    .meta({ description: "its time zone", examples: ["Europe/London"] }),
  driftTimer: DriftTimer.optional().meta({
    description: "the host looks at itself by a timer, without any key; its answer is in /var/lib/demesne/drift.json",
  }),
  windowSeconds: z.int().min(20).max(3600).default(120).meta({
    description:
      "how long the host waits for proof that it is still reached, before it puts a change of accounts, sshd or firewall back",
  }),
  ntp: z.array(Address).default([]).meta({ description: "time servers; none keeps those of the distribution" }),
});
export type HostEntry = z.infer<typeof HostEntry>;

export const HostsFile = z
  .strictObject({ hosts: z.record(Name, HostEntry).meta({ description: "the hosts, by id" }) })
  .meta({ title: "inventory/hosts.yaml", description: "The hosts of the estate." });
export type HostsFile = z.infer<typeof HostsFile>;
