// One line of a ledger: `{"entry":{...},"hash":"sha256:..."}`. The hash is of the entry's bytes exactly as they stand in
// the line, so it can be checked by cutting text, without a JSON library. `entry.prev` is the hash of the line before.
// Only node: and canonical JSON here: the guard's start depends on it.
import { canonicalJson, type Json } from "../lib/canonical-json.ts";
import { sha256Hex } from "./sha256.ts";

/** What is written down: any JSON object that names its kind. */
export type LedgerRecord = { readonly kind: string; readonly [key: string]: Json | undefined };

/** Where a record stands: its number (from 1) and its hash, which commits to everything before it. */
export type Receipt = { readonly seq: number; readonly hash: string };

export type LedgerEntry = Receipt & {
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly prev: string;
  readonly record: LedgerRecord;
  /** A torn line (its writer was killed before it was answered) that was cut off before this entry was written. */
  readonly healed?: Healed | undefined;
};

type Healed = { readonly bytes: number; readonly digest: string };

/** `prev` of the first entry. */
export const GENESIS = `sha256:${"0".repeat(64)}`;

/** Longest line, so that the end of a segment can be found by reading backwards a bounded way. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** `sha256:` and 64 hexadecimal digits: the slow one of this room starts fast, the fast one of node:crypto starts slowly. */
export type Digest = (text: string) => string;

/** The line (with its newline) and its receipt. Throws TypeError when the record is not JSON. */
export function encodeEntry(
  entry: Omit<LedgerEntry, "hash">,
  digest: Digest = sha256,
): { readonly line: string; readonly receipt: Receipt } {
  const text = canonicalJson({ format: 1, ...entry });
  const hash = digest(text);
  return { line: `{"entry":${text},"hash":"${hash}"}\n`, receipt: { seq: entry.seq, hash } };
}

/** A line taken apart; `fault` says what is wrong with it, looked at alone. */
export type DecodedLine =
  | { readonly kind: "entry"; readonly entry: LedgerEntry; readonly text: string }
  | { readonly kind: "fault"; readonly fault: string };

const LINE = /^\{"entry":(\{.*\}),"hash":"(sha256:[0-9a-f]{64})"\}$/s;

export function decodeLine(line: string, digest: Digest = sha256): DecodedLine {
  const [, text, hash] = LINE.exec(line) ?? [];
  if (text === undefined || hash === undefined) return { kind: "fault", fault: "is not a ledger line" };
  if (digest(text) !== hash) return { kind: "fault", fault: "does not have the hash it states" };
  const value = parseCanonical(text);
  if (value === undefined) return { kind: "fault", fault: "is not canonical JSON" };
  if (!isEntry(value)) return { kind: "fault", fault: "is not an entry of format 1" };
  const { at, prev, record, seq, healed } = value;
  return { kind: "entry", text, entry: { seq, hash, at, prev, record, ...(healed === undefined ? {} : { healed }) } };
}

/** Canonical, so that no two readers can understand one line differently (duplicate keys, for one). */
function parseCanonical(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return canonicalJson(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

type Written = Omit<LedgerEntry, "hash"> & { readonly format: 1 };

function isEntry(value: unknown): value is Written {
  if (!isObject(value) || !isObject(value["record"])) return false;
  const { format, seq, at, prev, record } = value;
  const isFramed = format === 1 && Number.isSafeInteger(seq) && typeof at === "string" && typeof prev === "string";
  return isFramed && typeof record["kind"] === "string";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export function sha256(bytes: string | Uint8Array): string {
  return `sha256:${sha256Hex(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes)}`;
}
