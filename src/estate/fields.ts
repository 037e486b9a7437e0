// The small shapes that every file of an estate is built from. Each says what it should be in its own error.
import { isIPv4, isIPv6 } from "node:net";
import { isAbsolute, normalize } from "node:path";
import * as z from "zod";
import { parseNetwork } from "./network.ts";

/** A string with a rule, and the sentence that an operator reads when it is broken. */
function text(should: string, holds: (value: string) => boolean): z.ZodString {
  const error = `should be ${should}`;
  return z.string({ error }).refine(holds, { error });
}

function pattern(should: string, expression: RegExp): z.ZodString {
  const error = `should be ${should}`;
  return z.string({ error }).regex(expression, { error });
}

export const Name = pattern(
  "a name of lower-case letters, digits and inner hyphens, at most 32",
  /^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/,
).meta({ description: "a short name" });

export const Sentence = text("a sentence", (value) => value.trim().length >= 3).meta({
  description: "why it is so, for the next reader",
});

const portError = { error: "should be 1-65535" };
export const Port = z
  .int(portError)
  .min(1, portError)
  .max(65535, portError)
  .meta({ description: "a port number", examples: [4000] });

export const Address4 = text("an IPv4 address", isIPv4).meta({
  description: "an IPv4 address",
  examples: ["192.0.2.10"],
});

export const Address6 = text("an IPv6 address", (value) => isIPv6(value) && !value.includes("%")).meta({
  description: "an IPv6 address, without a zone",
  examples: ["2001:db8::10"],
});

/** IPv4 or IPv6 literal, or a DNS name: what ssh connects to. */
export const Address = text(
  "an IP address or a host name",
  (value) => isIPv4(value) || (isIPv6(value) && !value.includes("%")) || isHostName(value),
).meta({ description: "where the host is reached: an IP address or a name", examples: ["192.0.2.10"] });

function isHostName(value: string): boolean {
  const labels = value.split(".");
  // A last label of digits alone would be a mistyped IPv4 address, never a name.
  return (
    value.length <= 253 &&
    labels.every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? "")
  );
}

export const Network4 = text("an IPv4 network", (value) => parseNetwork(value)?.family === 4).meta({
  description: "an IPv4 network in CIDR form, host bits zero",
  examples: ["10.77.1.0/24"],
});

export const Network6 = text("an IPv6 network", (value) => parseNetwork(value)?.family === 6).meta({
  description: "an IPv6 network in CIDR form, host bits zero",
  examples: ["fd77:1::/64"],
});

const Source = text(
  '"any" or a network in CIDR form, host bits zero',
  (value) => value === "any" || parseNetwork(value) !== undefined,
).meta({ description: 'who may connect: "any" or a network in CIDR form', examples: ["203.0.113.0/24"] });

export const Sources = z
  .array(Source)
  .min(1, { error: "should list at least one source" })
  .meta({ description: 'who may connect: networks in CIDR form, or "any"' });

export const Digest = pattern("a digest: `sha256:` and 64 hex digits", /^sha256:[0-9a-f]{64}$/).meta({
  description: "SHA-256 digest of an image index",
});

export const PublicKey = text("a public key in OpenSSH form, `ssh-ed25519 AAAA...`", isPublicKey).meta({
  description: "a public key as in authorized_keys, without options",
});

const keyTypes = new Set([
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
]);

/** The type named in clear must be the type inside the blob: a truncated or spliced key does not pass. */
function isPublicKey(value: string): boolean {
  const [type = "", blob = ""] = value.split(" ");
  if (/[\r\n]/.test(value) || !keyTypes.has(type) || !/^[A-Za-z0-9+/]+={0,2}$/.test(blob)) return false;
  const bytes = Buffer.from(blob, "base64");
  if (bytes.length < 40) return false;
  const length = bytes.readUInt32BE(0);
  return bytes.subarray(4, 4 + length).toString("latin1") === type;
}

export const HostPath = text(
  "an absolute path without `..`",
  (value) => isAbsolute(value) && normalize(value) === value && !value.endsWith("/"),
).meta({ description: "an absolute path on the host", examples: ["/srv/corpus"] });

export const FileName = pattern("a file name beside this file", /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/).meta({
  description: "a file in the same folder",
  examples: ["otel.yaml"],
});

export const Url = text("an http or https URL", isPlainUrl).meta({
  description: "an http or https URL without user, password or fragment",
  examples: ["https://api.example.net"],
});

function isPlainUrl(value: string): boolean {
  const url = URL.parse(value);
  return (
    url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" && url.hash === ""
  );
}

export const SecretName = pattern(
  "the path of a secret: names joined by `/`",
  /^[a-z][a-z0-9_-]*(?:\/[a-z][a-z0-9_-]*)*$/,
).meta({ description: "a secret's path in inventory/secrets.sops.yaml", examples: ["gateway/upstream_key"] });

export const EnvName = pattern("the name of an environment variable", /^[A-Z_][A-Z0-9_]*$/).meta({
  description: "an environment variable",
  examples: ["OPENAI_API_KEYS"],
});

export const State = z.enum(["live", "dormant"]).meta({
  description: "live: planned and applied; dormant: described, checked, but left alone",
});

export const TierName = z.enum(["team", "guest", "agent"]).meta({
  description: "a tier of trust; services of one tier share a network",
});
