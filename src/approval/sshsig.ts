// SSHSIG, the form of `ssh-keygen -Y sign` (OpenSSH's PROTOCOL.sshsig): read, and checked without the program.
import { createHash, verify as verifyWith } from "node:crypto";
import { parsePublicKey, type PublicKey } from "./public-key.ts";
import { readWire, WireFault, wireString, type Wire } from "./wire.ts";

const MAGIC = "SSHSIG";
const ARMOR = /^-----BEGIN SSH SIGNATURE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END SSH SIGNATURE-----\r?\n?$/;

export type SshSig = {
  readonly publicKey: Buffer;
  readonly namespace: string;
  readonly hash: "sha256" | "sha512";
  readonly signature: Buffer;
};

/** What a good signature tells. */
export type Signed = {
  readonly publicKey: Buffer;
  /** The device of a FIDO key was touched. */
  readonly isTouched: boolean;
  /** It also knew its user, by PIN or fingerprint. */
  readonly isVerified: boolean;
};

/** A signature as it stands in a file. Throws WireFault. */
export function parseSshSig(text: string): SshSig {
  const inner = ARMOR.exec(text)?.[1]?.replaceAll(/[\r\n]/g, "");
  if (inner === undefined) throw new WireFault("is not an SSH signature");
  const bytes = Buffer.from(inner, "base64");
  if (bytes.toString("base64") !== inner) throw new WireFault("is not an SSH signature: its base64 is broken");
  const wire = readWire(bytes);
  if (wire.raw(MAGIC.length).toString("latin1") !== MAGIC) throw new WireFault("is not an SSH signature");
  if (wire.u32() !== 1) throw new WireFault("is of another version than 1");
  const publicKey = wire.bytes();
  const namespace = wire.bytes().toString("utf8");
  wire.bytes();
  const hash = wire.text();
  if (hash !== "sha256" && hash !== "sha512") throw new WireFault("is over a hash that is not known");
  const signature = wire.bytes();
  wire.end();
  return { publicKey, namespace, hash, signature };
}

/** Throws WireFault unless `text` is a signature over exactly these bytes in this namespace. Whose it is stays open. */
export function verifySshSig(bytes: Uint8Array, text: string, namespace: string): Signed {
  const sig = parseSshSig(text);
  if (sig.namespace !== namespace)
    throw new WireFault(`is for another use (${JSON.stringify(sig.namespace)}), should be for ${namespace}`);
  const key = parsePublicKey(sig.publicKey);
  const signed = Buffer.concat([
    Buffer.from(MAGIC),
    ...[namespace, "", sig.hash, createHash(sig.hash).update(bytes).digest()].map(wireString),
  ]);
  const wire = readWire(sig.signature);
  const algorithm = wire.text();
  const blob = wire.bytes();
  if (key.application === undefined) {
    wire.end();
    check(isPlain(key, algorithm, signed, blob));
    return { publicKey: sig.publicKey, isTouched: false, isVerified: false };
  }
  return { publicKey: sig.publicKey, ...fido(key, algorithm, signed, blob, wire) };
}

function check(isGood: boolean): void {
  if (!isGood) throw new WireFault("is not a signature of this plan's bytes");
}

function isPlain(key: PublicKey, algorithm: string, signed: Buffer, blob: Buffer): boolean {
  if (key.algorithm === "rsa") {
    const hash = { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" }[algorithm];
    // `ssh-rsa` would be SHA-1.
    if (hash === undefined) throw new WireFault("is by an algorithm that is not taken for RSA keys");
    return verifyWith(hash, signed, key.key, blob);
  }
  if (algorithm !== key.type) throw new WireFault("is by another algorithm than its key's");
  return isOf(key, signed, blob);
}

function isOf({ key, algorithm, curve }: PublicKey, signed: Buffer, blob: Buffer): boolean {
  if (algorithm === "ed25519" || curve === undefined) return verifyWith(null, signed, key, blob);
  const wire = readWire(blob);
  const [r, s] = [wire.number(), wire.number()];
  wire.end();
  if (r.length > curve.size || s.length > curve.size) return false;
  const padded = [r, s].map((each) => Buffer.concat([Buffer.alloc(curve.size - each.length), each]));
  return verifyWith(curve.hash, signed, { key, dsaEncoding: "ieee-p1363" }, Buffer.concat(padded));
}

const [TOUCHED, VERIFIED] = [0x01, 0x04];

/** A FIDO device signs the hash of what it is for, its flags, its counter and the hash of the message. */
function fido(key: PublicKey, algorithm: string, signed: Buffer, blob: Buffer, wire: Wire): Omit<Signed, "publicKey"> {
  if (algorithm !== key.type) throw new WireFault("is by another algorithm than its key's");
  const told = wire.raw(5);
  wire.end();
  const parts = [sha256(key.application ?? Buffer.alloc(0)), told, sha256(signed)];
  check(isOf(key, Buffer.concat(parts), blob));
  const flags = told.readUInt8(0);
  return { isTouched: (flags & TOUCHED) !== 0, isVerified: (flags & VERIFIED) !== 0 };
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
