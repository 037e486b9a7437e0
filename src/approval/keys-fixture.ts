// What the tests sign with: real keys of ssh-keygen; and FIDO keys without a device, whose signatures are built here as the
// FIDO format says (PROTOCOL.u2f), so that flags and counter can be chosen. ssh-keygen itself is asked whether they hold.
import { spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { wireString } from "./wire.ts";

/** A key that signs; `line` is as in a .pub file, without its comment. */
export type TestKey = { readonly line: string; readonly sign: (message: Uint8Array, namespace: string) => string };

export const KINDS = {
  ed25519: ["-t", "ed25519"],
  p256: ["-t", "ecdsa", "-b", "256"],
  p384: ["-t", "ecdsa", "-b", "384"],
  p521: ["-t", "ecdsa", "-b", "521"],
  rsa: ["-t", "rsa", "-b", "2048"],
} as const;

/** Made by ssh-keygen in a file of this name, and signs by ssh-keygen. */
export function realKey(folder: string, name: string, kind: readonly string[]): TestKey & { readonly file: string } {
  const file = join(folder, name);
  keygen(["-q", ...kind, "-N", "", "-C", name, "-f", file]);
  return {
    file,
    line: readFileSync(`${file}.pub`, "utf8").split(" ").slice(0, 2).join(" "),
    sign: (message, namespace) => keygen(["-Y", "sign", "-f", file, "-n", namespace], message),
  };
}

export type DeviceOptions = { readonly flags: number; readonly counter?: number; readonly hash?: "sha256" | "sha512" };

/** A FIDO key whose device is this process. */
export function deviceKey(type: "ed25519" | "p256", options: DeviceOptions): TestKey {
  const application = "ssh:";
  const { publicKey, privateKey } =
    type === "ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = type === "ed25519" ? "sk-ssh-ed25519@openssh.com" : "sk-ecdsa-sha2-nistp256@openssh.com";
  const blob = Buffer.concat([wireString(name), ...pointOf(publicKey), wireString(application)]);
  return {
    line: `${name} ${blob.toString("base64")}`,
    sign: (message, namespace) => {
      const hash = options.hash ?? "sha512";
      const signed = signedData(message, namespace, hash);
      const told = Buffer.alloc(5);
      told.writeUInt8(options.flags);
      told.writeUInt32BE(options.counter ?? 7, 1);
      const input = Buffer.concat([sha256(Buffer.from(application)), told, sha256(signed)]);
      const signature = Buffer.concat([wireString(name), wireString(rawSignature(input, privateKey)), told]);
      return armored(blob, namespace, hash, signature);
    },
  };
}

function signedData(message: Uint8Array, namespace: string, hash: "sha256" | "sha512"): Buffer {
  const parts = [namespace, "", hash, createHash(hash).update(message).digest()];
  return Buffer.concat([Buffer.from("SSHSIG"), ...parts.map(wireString)]);
}

function armored(key: Uint8Array, namespace: string, hash: string, signature: Uint8Array): string {
  const parts = [key, namespace, "", hash, signature].map(wireString);
  const text = Buffer.concat([Buffer.from("SSHSIG\0\0\0\u0001"), ...parts]).toString("base64");
  return `-----BEGIN SSH SIGNATURE-----\n${text.replaceAll(/.{70}/g, "$&\n")}\n-----END SSH SIGNATURE-----\n`;
}

function pointOf(key: KeyObject): Buffer[] {
  const { x = "", y } = key.export({ format: "jwk" });
  if (y === undefined) return [wireString(Buffer.from(x, "base64url"))];
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  return [wireString("nistp256"), wireString(point)];
}

function rawSignature(input: Buffer, key: KeyObject): Buffer {
  if (key.asymmetricKeyType === "ed25519") return sign(null, input, key);
  const both = sign("sha256", input, { key, dsaEncoding: "ieee-p1363" });
  return Buffer.concat([both.subarray(0, 32), both.subarray(32)].map((half) => wireString(positive(half))));
}

/** The shortest form of a positive number, as SSH writes it. */
function positive(half: Buffer): Buffer {
  const start = half.findIndex((byte) => byte !== 0);
  const short = half.subarray(start);
  return (short[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), short]) : short;
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

export function keygen(args: readonly string[], input?: Uint8Array): string {
  const { status, stdout, stderr } = spawnSync("ssh-keygen", args, { input, encoding: "utf8" });
  if (status !== 0) throw new Error(`ssh-keygen ${args.join(" ")}: ${stderr}${stdout}`);
  return stdout;
}

export type Question = {
  readonly folder: string;
  readonly message: Uint8Array;
  readonly signature: string;
  readonly allowed: string;
  readonly principal: string;
  readonly namespace: string;
  /** YYYYMMDDHHMMSSZ; now without it. */
  readonly time?: string;
};

/** What ssh-keygen itself says of a signature. */
export function keygenAccepts({ folder, message, signature, allowed, principal, namespace, time }: Question): boolean {
  const [signers, file] = [join(folder, "asked-signers"), join(folder, "asked.sig")];
  writeFileSync(signers, allowed);
  writeFileSync(file, signature);
  const when = time === undefined ? [] : ["-O", `verify-time=${time}`];
  const args = ["-Y", "verify", "-f", signers, "-I", principal, "-n", namespace, "-s", file, ...when];
  return spawnSync("ssh-keygen", args, { input: message }).status === 0;
}
