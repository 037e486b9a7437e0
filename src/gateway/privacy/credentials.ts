// Keys and passwords: by the beginnings that their makers gave them, by the words beside them, inside URLs.
import { foldAt, isDigit, isLatin, isWord } from "./characters.ts";
import { ABOUT } from "./context.ts";
import type { Page } from "./page.ts";

/** How a key begins, and how many characters it has at least, its beginning included. */
const BEGINNINGS: Readonly<Record<string, number>> = {
  "sk-ant-": 32,
  "sk-proj-": 32,
  "sk-": 32,
  sk_live_: 24,
  sk_test_: 24,
  rk_live_: 24,
  pk_live_: 24,
  ghp_: 36,
  gho_: 36,
  ghu_: 36,
  ghs_: 36,
  ghr_: 36,
  github_pat_: 40,
  "glpat-": 20,
  "xoxb-": 24,
  "xoxp-": 24,
  "xoxa-": 24,
  "xoxs-": 24,
  "xapp-": 24,
  AKIA: 20,
  ASIA: 20,
  AIza: 35,
  "ya29.": 30,
  "SG.": 40,
  npm_: 36,
  hf_: 30,
  dop_v1_: 40,
  "pypi-": 40,
  "AGE-SECRET-KEY-1": 60,
  eyJ: 60,
};

const BY_FIRST = new Map<string, readonly string[]>();
for (const beginning of Object.keys(BEGINNINGS)) {
  const first = beginning.slice(0, 1);
  BY_FIRST.set(first, [...(BY_FIRST.get(first) ?? []), beginning]);
}

/** Finds the key whose first character stands at `start`; answers with its end, or 0. */
export function findKey(page: Page, start: number): number {
  const { text } = page;
  const known = BY_FIRST.get(text.charAt(start));
  const beginning = known?.find((one) => text.startsWith(one, start));
  if (beginning === undefined) return 0;
  const end = runEnd(text, start, beginning === "eyJ" || beginning === "SG." || beginning === "ya29.");
  if (end - start < (BEGINNINGS[beginning] ?? 0)) return 0;
  // Three parts, or it is some other base64 of a JSON object.
  if (beginning === "eyJ" && !/^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*$/.test(text.slice(start, end))) return 0;
  return page.find("secret", start, end);
}

/** The end of the letters, digits, hyphens and underscores that stand here. */
function runEnd(text: string, start: number, withDots = false): number {
  let at = start;
  for (;;) {
    const code = foldAt(text, at);
    const isDot = withDots && code === 0x2e && isWord(foldAt(text, at + 1));
    if (!isDigit(code) && !isLatin(code) && code !== 0x5f && code !== 0x2d && !isDot) return at;
    at += 1;
  }
}

const PEM_BEGIN = "-----BEGIN ";
const PEM_END = "-----END ";

/** Finds a private key in PEM from its first hyphen on; answers with its end, or 0. */
export function findPrivateKey(page: Page, at: number): number {
  const { text } = page;
  if (text.charCodeAt(at + 1) !== 0x2d || !text.startsWith(PEM_BEGIN, at)) return 0;
  const title = text.slice(at + PEM_BEGIN.length, at + PEM_BEGIN.length + 40);
  if (!/^[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----/.test(title)) return 0;
  const last = text.indexOf(PEM_END, at);
  const end = last === -1 ? text.length : text.indexOf("-----", last + PEM_END.length);
  return page.find("secret", at, end === -1 || last === -1 ? text.length : end + 5);
}

/** Finds the password in an address that names a user from its @ on; answers with its end, or 0. */
export function findUrlPassword(page: Page, at: number): number {
  const { text } = page;
  let colon = -1;
  for (let start = at - 1; start > at - 128 && start >= 0; start -= 1) {
    const code = foldAt(text, start);
    if (code <= 0x20 || code === 0x22 || code === 0x27 || code === 0x3c) return 0;
    if (code === 0x40) return 0;
    if (code === 0x3a) colon = start;
    if (code !== 0x2f) continue;
    if (foldAt(text, start - 1) !== 0x2f || foldAt(text, start - 2) !== 0x3a) return 0;
    const isPassword = colon > start && at - colon > 1 && !/^[$<{%*]/.test(text.slice(colon + 1, at));
    return isPassword ? page.find("secret", colon + 1, at) : 0;
  }
  return 0;
}

const VALUE = /^["'`]?([A-Za-z0-9!#$%&*+./:;=?@^_~-]{6,128})/;

/** Finds `password: S3cret-word` from a digit of the value on; answers with its end, or 0. */
export function findPassword(page: Page, at: number): number {
  const { text, context } = page;
  if (!context.before(ABOUT.secret, at)) return 0;
  let start = at;
  while (at - start < 128 && isValue(foldAt(text, start - 1))) start -= 1;
  // Only what is given as a value: behind = or a colon, and a quote perhaps.
  const lead = /(\w*)["']?\s?[=:]\s{0,2}(["'`]?)$/.exec(text.slice(Math.max(0, start - 24), start));
  const value = VALUE.exec(text.slice(start, start + 130))?.[1]?.replace(/[.;,]$/, "") ?? "";
  if (lead === null || start + value.length <= at) return 0;
  const isQuoted = lead[2] !== "";
  return isSecretValue(value, isQuoted, lead[1] ?? "", text.charAt(start + value.length))
    ? page.find("secret", start, start + value.length)
    : 0;
}

/** Enough kinds of characters, and neither a number nor a name of the program's own. */
function isSecretValue(value: string, isQuoted: boolean, key: string, after: string): boolean {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length;
  if (kinds < 3 || /^[$%]|^https?:/.test(value) || "([{<".includes(after || " ")) return false;
  if (!isQuoted && !/pass|pwd|secret|token|key|credential/i.test(key)) return false;
  if (isQuoted || !/^[\w.$:]+$/.test(value)) return isQuoted || /[a-z0-9][!#@^~?+%-]/i.test(value);
  return /pass(?:word|wd|phrase|code)?$|pwd$/i.test(key) && !",);".includes(after || " ") && !value.includes(".");
}

function isValue(code: number): boolean {
  return (
    isWord(code) ||
    (code > 0x20 &&
      code < 0x7f &&
      code !== 0x22 &&
      code !== 0x27 &&
      code !== 0x60 &&
      code !== 0x3d &&
      code !== 0x3a &&
      code !== 0x28 &&
      code !== 0x2c)
  );
}
