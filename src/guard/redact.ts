// What the audit keeps of a call: enough to see what was asked, nothing that opens a door.
import { sha256Hex } from "../ledger/sha256.ts";
import { isObject } from "./event.ts";
import type { Json } from "../lib/canonical-json.ts";

const MAX_TEXT = 16_384;
const HIDDEN = "[redacted]";

const SHAPES: readonly RegExp[] = [
  /AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]+/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\b(gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|sk_live_|rk_live_|npm_|hvs\.|dop_v1_|AKIA|ASIA|AIza|ya29\.)[\w./+-]{8,}/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
];
const TELLING = String.raw`[\w-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|private[_-]?key|credential|authorization)[\w-]*`;
const VALUE = String.raw`(?:"[^"]*"|'[^']*'|[^\s"'&;|,}]+)`;
/** The value behind a telling name goes, in whatever syntax; the name stays. */
const NAMED = new RegExp(String.raw`(${TELLING}["']?\s*[=:]\s*(?:bearer\s+|basic\s+)?)${VALUE}`, "gi");
const OPTION = new RegExp(String.raw`((?:^|\s)--?${TELLING}\s+)${VALUE}`, "gi");
const USERINFO = /(\w+:\/\/)[^\s/@:]+:[^\s/@]+@/g;
const USER_OPTION = /((?:^|\s)(?:-u|--user|-p|--password)[ =])(["']?)\S+\2/g;

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
  for (const shape of SHAPES) clean = clean.replaceAll(shape, HIDDEN);
  return clean
    .replaceAll(USERINFO, `$1${HIDDEN}@`)
    .replaceAll(USER_OPTION, `$1${HIDDEN}`)
    .replaceAll(OPTION, `$1${HIDDEN}`)
    .replaceAll(NAMED, `$1${HIDDEN}`);
}
