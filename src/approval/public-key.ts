// A public key as SSH writes it, and as node:crypto checks signatures with it.
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { readWire, WireFault, type Wire } from "./wire.ts";

export type PublicKey = {
  readonly type: string;
  readonly key: KeyObject;
  /** How the bytes of a signature are checked. */
  readonly algorithm: "ed25519" | "ecdsa" | "rsa";
  /** Of an ECDSA key: the size of a coordinate, and the hash that RFC 5656 pairs with the curve. */
  readonly curve?: Curve | undefined;
  /** Of a FIDO key: what the device signs for, `ssh:` unless it was made otherwise. */
  readonly application?: Buffer | undefined;
};

type Curve = { readonly name: string; readonly jwk: string; readonly size: number; readonly hash: string };

const curves: readonly Curve[] = [
  { name: "nistp256", jwk: "P-256", size: 32, hash: "sha256" },
  { name: "nistp384", jwk: "P-384", size: 48, hash: "sha384" },
  { name: "nistp521", jwk: "P-521", size: 66, hash: "sha512" },
];

/** OpenSSH takes 1024 bits; nobody should. */
const RSA_BITS = { least: 2048, most: 16_384 };

/** The key in a blob. Throws WireFault saying what is wrong with it. */
export function parsePublicKey(blob: Buffer): PublicKey {
  const wire = readWire(blob);
  const type = wire.text();
  const read = Object.hasOwn(readers, type) ? readers[type] : undefined;
  if (read === undefined) throw new WireFault(refusal(type));
  const found = read(wire, type);
  wire.end();
  return found;
}

function refusal(type: string): string {
  if (/-cert-v\d+@openssh\.com$/.test(type)) return "is an SSH certificate, and only plain keys are taken";
  if (type === "ssh-dss") return "is a DSA key, which is too weak";
  return "is of a type that is not known";
}

const readers: Readonly<Record<string, (wire: Wire, type: string) => PublicKey>> = {
  "ssh-ed25519": (wire, type) => ({ type, ...ed25519(wire) }),
  "sk-ssh-ed25519@openssh.com": (wire, type) => ({ type, ...ed25519(wire), application: wire.bytes() }),
  "ecdsa-sha2-nistp256": ecdsa,
  "ecdsa-sha2-nistp384": ecdsa,
  "ecdsa-sha2-nistp521": ecdsa,
  "sk-ecdsa-sha2-nistp256@openssh.com": (wire, type) => ({ ...ecdsa(wire, type), application: wire.bytes() }),
  "ssh-rsa": rsa,
};

function ed25519(wire: Wire): Pick<PublicKey, "key" | "algorithm"> {
  const point = wire.bytes();
  if (point.length !== 32) throw new WireFault("has a point of another size than its type's");
  return { algorithm: "ed25519", key: keyOf({ kty: "OKP", crv: "Ed25519", x: point.toString("base64url") }) };
}

function ecdsa(wire: Wire, type: string): PublicKey {
  const name = wire.text();
  const curve = curves.find((each) => each.name === name && type.includes(`-${name}`));
  const point = wire.bytes();
  if (curve === undefined || point.length !== 1 + 2 * curve.size || point[0] !== 4)
    throw new WireFault("has a point of another curve than its type's");
  const [x, y] = [point.subarray(1, 1 + curve.size), point.subarray(1 + curve.size)];
  const jwk = { kty: "EC", crv: curve.jwk, x: x.toString("base64url"), y: y.toString("base64url") };
  return { type, algorithm: "ecdsa", curve, key: keyOf(jwk) };
}

function rsa(wire: Wire, type: string): PublicKey {
  const [e, n] = [wire.number(), wire.number()];
  const key = keyOf({ kty: "RSA", e: e.toString("base64url"), n: n.toString("base64url") });
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < RSA_BITS.least || bits > RSA_BITS.most)
    throw new WireFault(`has ${bits} bits, should have ${RSA_BITS.least} to ${RSA_BITS.most}`);
  return { type, algorithm: "rsa", key };
}

function keyOf(key: Record<string, string>): KeyObject {
  try {
    return createPublicKey({ format: "jwk", key });
  } catch {
    throw new WireFault("is not a point or a number that a key can be made of");
  }
}

/** As `ssh-keygen -l` shows it. */
export function fingerprint(blob: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}
