// Where secrets come from: the estate's encrypted file, or made up for a rehearsal. Either way plans see digests only.
import { createHmac, randomBytes } from "node:crypto";
import type { Estate } from "../estate/index.ts";
import { Problem } from "../lib/problem.ts";
import { secretText } from "../lib/secret-text.ts";
import { Sensitive } from "../lib/sensitive.ts";

export type SecretStore = {
  /** Throws Problem `secret` when there is none of that name. */
  readonly open: (name: string) => Sensitive;
  /** Keyed digest of a text in which `{}` stands for the secret. */
  readonly digest: (name: string, template: string) => string;
  /** Key of the digests, for the probe. */
  readonly key: Uint8Array;
};

/** The value by which a secrets file keys its digests. */
const DIGEST_KEY = "digest_key";

export function secretStore(open: (name: string) => Sensitive): SecretStore {
  const key = Buffer.from(open(DIGEST_KEY).unwrap());
  const digest = (name: string, template: string): string => {
    const text = secretText(name, template, open(name));
    return `hmac-sha256:${createHmac("sha256", key).update(text).digest("hex")}`;
  };
  return { open, digest, key };
}

/** Fresh values for everything that the estate names; nothing of them is kept. */
export function inventedSecrets(estate: Estate): SecretStore {
  const named = estate.secretRefs.map(({ name, generate }) => [name, new Sensitive(invent(generate))] as const);
  const values = new Map([...named, [DIGEST_KEY, new Sensitive(invent("hex-32"))] as const]);
  return secretStore((name) => {
    const value = values.get(name);
    if (value === undefined) throw unknownSecret(name);
    return value;
  });
}

/** For a machine that may open nothing: every digest is `mark`, so whatever is made of a secret holds it. */
export function sealedSecrets(mark: string): Pick<SecretStore, "digest"> {
  return { digest: () => `hmac-sha256:${mark}` };
}

function invent(generate: Estate["secretRefs"][number]["generate"]): string {
  switch (generate) {
    case "base64-32":
      return randomBytes(32).toString("base64");
    case "virtual-key":
      return `sk-${randomBytes(24).toString("hex")}`;
    default:
      return randomBytes(32).toString("hex");
  }
}

function unknownSecret(name: string): Problem {
  return new Problem({
    code: "secret",
    where: `inventory/secrets.sops.yaml ${name}`,
    what: "is wanted by the estate and is not there",
    fix: `demesne secrets set ${name}`,
  });
}
