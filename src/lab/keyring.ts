// The keys that the archive is checked with: what this machine's apt trusts for that mirror, else the distribution's own.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "./lab.ts";
import type { Archive } from "./mirror.ts";
import { installMissing } from "./prerequisites.ts";
import type { Release } from "./releases.ts";

/** A keyring file for gpgv. */
export async function keyringFor(
  release: Release,
  { signedBy }: Archive,
  lab: Pick<Lab, "cache" | "progress">,
  signal: AbortSignal | undefined,
): Promise<string> {
  if (signedBy === undefined) {
    if (!existsSync(release.keyring))
      await installMissing([release.keyringPackage], { progress: lab.progress, signal });
    return release.keyring;
  }
  const armored = signedBy.startsWith("/") ? readFileSync(signedBy, "utf8") : signedBy;
  if (!armored.includes("-----BEGIN PGP PUBLIC KEY BLOCK-----")) return signedBy;
  mkdirSync(join(lab.cache, "keys"), { recursive: true });
  const file = join(lab.cache, "keys", `${release.codename}.gpg`);
  writeFileSync(file, dearmor(armored));
  return file;
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
