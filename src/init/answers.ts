// What a newcomer is asked. Each answer has a default; an example that stays is marked as an open question in the estate.
import { isIPv4 } from "node:net";
import { z } from "zod";

const NAME = /^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const name = "should be a name of lower-case letters, digits and inner hyphens, at most 32";
/** YAML reads these as something else than a word. */
const NO_WORDS = new Set(["true", "false", "null"]);
const RESERVED = new Set(["root", "daemon", "nobody", "sshd", "demesne"]);
const KEY =
  /^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/]{40,}={0,2}$/;
const key = "should be a public key, `ssh-ed25519 AAAA...`";
const DOMAIN = /^(?=.{1,200}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/;

/** Type and blob of a public key; its comment names a person or a machine, and is not carried along. */
const PublicKey = z
  .string()
  .transform((text) => text.trim().split(/\s+/).slice(0, 2).join(" "))
  .pipe(z.string().regex(KEY, { error: key }));

const Name = z
  .string()
  .regex(NAME, { error: name })
  .refine((each) => !NO_WORDS.has(each), { error: name });

export const Answers = z.strictObject({
  name: Name.meta({ description: "the estate's name" }),
  profile: z
    .enum(["cloud", "airgapped"], { error: "should be cloud or airgapped" })
    .default("cloud")
    .meta({ description: "cloud: a hosted model, de-identified data only; airgapped: a model of your own, no egress" }),
  domain: z
    .string()
    .regex(DOMAIN, { error: "should be a mail domain such as harbour.example" })
    .optional()
    .meta({ description: "the domain of the contacts' addresses: operator@, security@, data-protection@" }),
  address: z
    .string()
    .refine(isIPv4, { error: "should be an IPv4 address" })
    .optional()
    .meta({ description: "the control host's IPv4 address" }),
  os: z
    .enum(["debian-13", "ubuntu-24.04"], { error: "should be debian-13 or ubuntu-24.04" })
    .default("debian-13")
    .meta({ description: "the control host's operating system" }),
  user: Name.refine((each) => !RESERVED.has(each), { error: "should be the account of a person or a job" })
    .default("ops")
    .meta({ description: "the account that logs in, with sudo" }),
  hostKey: PublicKey.optional().meta({
    description: "the control host's key: /etc/ssh/ssh_host_ed25519_key.pub there",
  }),
  from: z
    .string()
    .regex(/^(?:\d{1,3}\.){3}\d{1,3}\/(?:[0-9]|[12]\d|3[0-2])$/, {
      error: "should be an IPv4 network such as 203.0.113.0/24",
    })
    .optional()
    .meta({ description: "the network that you come from: nobody else may use ssh" }),
  publicKey: PublicKey.optional().meta({ description: "your public key, which may log in" }),
});
export type Answers = z.infer<typeof Answers>;
