// The keys that the archive is checked with: what this machine's apt trusts for that mirror, else the distribution's own.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "./lab.ts";
import type { Archive } from "./mirror.ts";
import { installMissing } from "./prerequisites.ts";
import type { Release } from "./releases.ts";

export type Keyring = {
  /** For debootstrap's gpgv: binary, on this machine. */
  readonly file: string;
  /** Where the twin's apt finds it. */
  readonly inTwin: string;
};

/** For a mirror that signs for itself. */
const OWN_IN_TWIN = "/usr/share/keyrings/demesne-lab.gpg";
const ARMOR = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

export async function keyringFor(
  release: Release,
  archive: Archive,
  lab: Pick<Lab, "cache" | "progress">,
  signal: AbortSignal | undefined,
): Promise<Keyring> {
  const own = ownKey(archive.signedBy);
  if (own === undefined) {
    const { keyring, keyringPackage } = release;
    if (!existsSync(keyring)) await installMissing([keyringPackage], { progress: lab.progress, signal });
    return { file: keyring, inTwin: keyring };
  }
  if (!own.includes(ARMOR)) return { file: own, inTwin: OWN_IN_TWIN };
  mkdirSync(join(lab.cache, "keys"), { recursive: true });
  const file = join(lab.cache, "keys", `${release.codename}.gpg`);
  writeFileSync(file, dearmor(own));
  return { file, inTwin: OWN_IN_TWIN };
}

/** A binary file or an armored block; undefined for the distribution's own keyring, by whichever name, or a fingerprint. */
export function ownKey(
  signedBy: string | undefined,
  read = (file: string) => readFileSync(file, "latin1"),
): string | undefined {
  if (signedBy === undefined) return undefined;
  if (signedBy.includes(ARMOR)) return signedBy;
  const file = signedBy.split(/[\s,]+/).find((word) => word.startsWith("/"));
  if (file === undefined || /\/(debian|ubuntu)-archive-[^/]*$/.test(file)) return undefined;
  const text = read(file);
  return text.includes(ARMOR) ? text : file;
}

/** RFC 9580 section 6.2: the base64 between the headers' empty line and the checksum. */
export function dearmor(text: string): Buffer {
  const blocks = text.matchAll(/-----BEGIN PGP PUBLIC KEY BLOCK-----([^]*?)-----END PGP PUBLIC KEY BLOCK-----/g);
  return Buffer.concat([...blocks].map(([, block = ""]) => Buffer.from(bodyOf(block), "base64")));
}

function bodyOf(block: string): string {
  const lines = block.split("\n").map((line) => line.trim().replace(/^\.$/, ""));
  const start = lines.findIndex((line, index) => index > 0 && line === "");
  return lines
    .slice(start + 1)
    .filter((line) => !line.startsWith("="))
    .join("");
}
