// What the audit keeps of a call: enough to see what was asked, nothing that opens a door.
import { sha256Hex } from "../ledger/sha256.ts";
import { isObject } from "./event.ts";
import type { Json } from "../lib/canonical-json.ts";

const MAX_TEXT = 16_384;
const HIDDEN = "[redacted]";

type Shape = { readonly pattern: RegExp; readonly hints: readonly string[]; readonly clean: string };

const TELLING = String.raw`[\w-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|private[_-]?key|credential|authorization)[\w-]*`;
const TELLING_HINTS = ["pass", "secret", "token", "key", "credential", "authorization"];
const VALUE = String.raw`(?:"[^"]*"|'[^']*'|[^\s"'&;|,}]+)`;

/** In this order. What matches has one of the hints in it, in whatever case: other texts need no regular expression. */
export const SHAPES: readonly Shape[] = [
  { pattern: /AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]+/gi, hints: ["age-secret-key-"], clean: HIDDEN },
  {
    pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
    hints: ["private key-----"],
    clean: HIDDEN,
  },
  {
    pattern:
      /\b(gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|sk_live_|rk_live_|npm_|hvs\.|dop_v1_|AKIA|ASIA|AIza|ya29\.)[\w./+-]{8,}/g,
    hints: [
      "gh",
      "github_pat_",
      "glpat-",
      "xox",
      "sk",
      "rk_live_",
      "npm_",
      "hvs.",
      "dop_v1_",
      "akia",
      "asia",
      "aiza",
      "ya29.",
    ],
    clean: HIDDEN,
  },
  { pattern: /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, hints: ["eyj"], clean: HIDDEN },
  { pattern: /(\w+:\/\/)[^\s/@:]+:[^\s/@]+@/g, hints: ["://"], clean: `$1${HIDDEN}@` },
  {
    pattern: /((?:^|\s)(?:-u|--user|-p|--password)[ =])(["']?)\S+\2/g,
    hints: ["-u", "-p"],
    clean: `$1${HIDDEN}`,
  },
  {
    pattern: new RegExp(String.raw`((?:^|\s)--?${TELLING}\s+)${VALUE}`, "gi"),
    hints: TELLING_HINTS,
    clean: `$1${HIDDEN}`,
  },
  // The value behind a telling name goes, in whatever syntax; the name stays.
  {
    pattern: new RegExp(String.raw`(${TELLING}["']?\s*[=:]\s*(?:bearer\s+|basic\s+)?)${VALUE}`, "gi"),
    hints: TELLING_HINTS,
    clean: `$1${HIDDEN}`,
  },
];

/** The call's input for the ledger: texts redacted, long ones (a file's content) as their digest. */
export function redactInput(input: Readonly<Record<string, unknown>>): Record<string, Json> {
  return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, redactValue(key, value)]));
}

/** What goes into or comes out of files is not needed to judge later what was done, and is most likely to hold data. */
const CONTENT = /^(content|old_string|new_string|new_source|file_text|insert_text|edits)$/;

function redactValue(key: string, value: unknown): Json {
  if (typeof value === "string") return CONTENT.test(key) || value.length > MAX_TEXT ? summary(value) : redact(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "boolean" || value === null || value === undefined) return value ?? null;
  if (CONTENT.test(key)) return summary(JSON.stringify(value));
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => redactValue("", item));
  return isObject(value) ? redactInput(value) : null;
}

function summary(text: string): Json {
  return { length: text.length, digest: `sha256:${sha256Hex(new TextEncoder().encode(text))}` };
}

export function redact(text: string): string {
  let clean = text.toWellFormed();
  const lower = clean.toLowerCase();
  for (const { pattern, hints, clean: by } of SHAPES) {
    if (hints.some((hint) => lower.includes(hint))) clean = clean.replaceAll(pattern, by);
  }
  return clean;
}
