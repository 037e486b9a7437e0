// One value as SOPS writes it: ENC[AES256_GCM,data:..,iv:..,tag:..,type:..], AES-256-GCM with a 32-byte IV.
import { createCipheriv, createDecipheriv } from "node:crypto";
import { Problem } from "../lib/problem.ts";
import type { LeafKind } from "./tree.ts";

type CipherKind = Exclude<LeafKind, "null"> | "comment";

type Sealed = { readonly data: Buffer; readonly iv: Buffer; readonly tag: Buffer; readonly kind: CipherKind };
type Opened = { readonly kind: CipherKind; readonly text: string; readonly iv: Buffer };

const FORM = /^ENC\[AES256_GCM,data:([^,]+),iv:([^,]+),tag:([^,]+),type:([a-z]+)\]$/;
const KINDS: readonly CipherKind[] = ["str", "int", "float", "bool", "time", "bytes", "comment"];
const IV_BYTES = 32;
const TAG_BYTES = 16;

/** Does this text claim to be a SOPS value? Damaged ones do too. */
export function looksSealed(text: string): boolean {
  return text.startsWith("ENC[");
}

/** The AAD of a value: its map keys, each followed by a colon; SOPS's own form. */
export function aadOf(path: readonly string[]): string {
  return `${path.join(":")}:`;
}

/** Encrypts one value. `iv` is given so that an unchanged value keeps its ciphertext. */
export function sealValue(kind: CipherKind, text: string, key: Uint8Array, aad: string, iv: Uint8Array): string {
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  cipher.setAAD(Buffer.from(aad));
  const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]).toString("base64");
  const tag = cipher.getAuthTag().toString("base64");
  return `ENC[AES256_GCM,data:${data},iv:${Buffer.from(iv).toString("base64")},tag:${tag},type:${kind}]`;
}

/** Decrypts one value; throws Problem (damaged, or moved from another key) and never answers with unauthenticated text. */
export function openValue(sealed: string, key: Uint8Array, aad: string, where: string): Opened {
  const parts = parseSealed(sealed, where);
  const decipher = createDecipheriv("aes-256-gcm", key, parts.iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(aad));
  decipher.setAuthTag(parts.tag);
  try {
    const plain = Buffer.concat([decipher.update(parts.data), decipher.final()]);
    return { kind: parts.kind, text: utf8(plain, where), iv: parts.iv };
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw damaged(where, "does not decrypt: damaged, or moved here from another key");
  }
}

function parseSealed(sealed: string, where: string): Sealed {
  const [, data, iv, tag, kind] = FORM.exec(sealed) ?? [];
  if (data === undefined || iv === undefined || tag === undefined || kind === undefined) {
    throw damaged(where, "should be ENC[AES256_GCM,...], is damaged");
  }
  return {
    data: base64(data, where),
    iv: sized(base64(iv, where), IV_BYTES, where),
    tag: sized(base64(tag, where), TAG_BYTES, where),
    kind: kindOf(kind, where),
  };
}

function kindOf(text: string, where: string): CipherKind {
  const kind = KINDS.find((one) => one === text);
  if (kind === undefined) throw damaged(where, "is of a type that SOPS 3 does not know");
  return kind;
}

/** Canonical base64 only: otherwise a flipped bit in the padding would go unseen. */
function base64(text: string, where: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw damaged(where, "holds damaged base64");
  return bytes;
}

function sized(bytes: Buffer, size: number, where: string): Buffer {
  if (bytes.length !== size) throw damaged(where, `holds an IV or tag of ${bytes.length} bytes, should be ${size}`);
  return bytes;
}

function utf8(bytes: Buffer, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Problem({
      code: "secret",
      where,
      what: "holds bytes that are not UTF-8 text",
      fix: "store it as base64 text with: demesne secrets edit",
    });
  }
}

export function damaged(where: string, what: string): Problem {
  return new Problem({
    code: "secret",
    where,
    what,
    fix: "take the file from the last good commit: git log -- <file>, git checkout <commit> -- <file>",
  });
}
