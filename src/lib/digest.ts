// SHA-256 digests, always written `sha256:` and 64 hex digits.
import { hash } from "node:crypto";
import { canonicalJson } from "./canonical-json.ts";

/** Digest of bytes (a string counts as its UTF-8 bytes). */
export function digest(bytes: string | Uint8Array): string {
  return `sha256:${hash("sha256", bytes)}`;
}

/** Digest of a JSON value in its RFC 8785 form. */
export function digestJson(value: unknown): string {
  return digest(canonicalJson(value));
}
