// Reads what the policy names: dictionaries, and the secret of the pseudonyms.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digest } from "../lib/digest.ts";
import { Problem } from "../lib/problem.ts";
import type { Random } from "../lib/ports.ts";
import { Privacy, type Dictionary, type PrivacyPolicy } from "./privacy/index.ts";

export type LoadedPrivacy = {
  readonly dictionaries: readonly Dictionary[];
  /** What the digest of the whole policy is made of: the dictionaries by their digests, never their names. */
  readonly identity: object;
};

/** Throws Problem when a dictionary cannot be read. */
export function loadPrivacy(policy: PrivacyPolicy): LoadedPrivacy {
  const texts = policy.dictionaries.map(({ kind, file }) => ({ kind, text: readText(file) }));
  return {
    dictionaries: texts.map(({ kind, text }) => ({ kind, names: namesIn(text) })),
    identity: { ...policy, dictionaries: texts.map(({ kind, text }) => ({ kind, digest: digest(text) })) },
  };
}

function namesIn(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** The step itself, for a configuration and the state folder that the gateway began with. */
export function openPrivacy(
  random: Random,
  config: { readonly privacy: PrivacyPolicy; readonly dictionaries: readonly Dictionary[] },
  state: string,
): Privacy {
  const { privacy: policy, dictionaries } = config;
  return new Privacy({ policy, dictionaries, secret: privacySecret(random, policy, state), random });
}

/** At least 32 bytes. Made on the first start, readable by the gateway's user only, when no file is named. */
function privacySecret(random: Random, policy: PrivacyPolicy, state: string): Buffer {
  const file = policy.secretFile ?? join(state, "privacy.key");
  if (policy.secretFile === undefined && !existsSync(file)) {
    writeFileSync(file, `${Buffer.from(random.bytes(32)).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  }
  const secret = readText(file).trim();
  if (secret.length >= 32) return Buffer.from(secret);
  throw new Problem({
    code: "secret",
    where: file,
    what: "should hold a secret of at least 32 characters",
    fix: `openssl rand -base64 32 > ${file}`,
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
    throw new Problem({
      code: "usage",
      where: file,
      what: `cannot be read (${reason})`,
      fix: "make it readable for the gateway's user",
      cause,
    });
  }
}
