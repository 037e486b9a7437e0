// Passwords: by the words beside them, and inside URLs.
import { codeAt, INVISIBLE, isWord, type Codes } from "./characters.ts";
import { ABOUT } from "./context.ts";
import type { Page } from "./page.ts";

/** Finds the password in an address that names a user from its @ on; answers with its end, or 0. */
export function findUrlPassword(page: Page, at: number): number {
  const { text, codes } = page;
  let colon = -1;
  for (let start = at - 1; start > at - 128 && start >= 0; start -= 1) {
    const code = codeAt(codes, start);
    if (code <= 0x20 || code === 0x22 || code === 0x27 || code === 0x3c) return 0;
    if (code === 0x40) return 0;
    if (code === 0x3a) colon = start;
    if (code !== 0x2f) continue;
    if (codeAt(codes, start - 1) !== 0x2f || codeAt(codes, start - 2) !== 0x3a) return 0;
    const isPassword = colon > start && at - colon > 1 && !/^[$<{%*]/.test(text.slice(colon + 1, at));
    return isPassword ? page.find("secret", colon + 1, at) : 0;
  }
  return 0;
}

/** What a value is followed back over: any letter, and all signs but quotes, =, :, ( and the comma. */
const IS_VALUE = Uint8Array.from({ length: 256 }, (_, code) => (isValue(code) ? 1 : 0));

/** What stands in values, one bit for each kind of character. */
const KIND = new Uint8Array(256);
for (let code = 0x21; code < 0x7f; code += 1) {
  const character = String.fromCharCode(code);
  if (/[a-z]/.test(character)) KIND[code] = 1;
  else if (/[A-Z]/.test(character)) KIND[code] = 2;
  else if (/[0-9]/.test(character)) KIND[code] = 4;
  else if ("!#$%&*+./:;=?@^_~-".includes(character)) KIND[code] = 8;
}

const VALUE = /^["'`]?([A-Za-z0-9!#$%&*+./:;=?@^_~-]{6,128})/;

/** Finds `password: S3cret-word` from a digit of the value on; answers with its end, or 0. */
export function findPassword(page: Page, at: number): number {
  const { text, codes, context } = page;
  const start = valueStart(codes, at);
  if (!mayBeSecret(codes, start, at) || !context.before(ABOUT.secret, at)) return 0;
  // Only what is given as a value: behind = or a colon, and a quote perhaps.
  const lead = /(\w*)["']?\s?[=:]\s{0,2}(["'`]?)$/.exec(text.slice(Math.max(0, start - 24), start));
  const value = VALUE.exec(text.slice(start, start + 130))?.[1]?.replace(/[.;,]$/, "") ?? "";
  if (lead === null || start + value.length <= at) return 0;
  const isQuoted = lead[2] !== "";
  return isSecretValue(value, isQuoted, lead[1] ?? "", text.charAt(start + value.length))
    ? page.find("secret", start, start + value.length)
    : 0;
}

function valueStart(codes: Codes, at: number): number {
  let start = at;
  while (at - start < 128 && IS_VALUE[codeAt(codes, start - 1)] === 1) start -= 1;
  return start;
}

/** Whether a value of enough kinds of characters stands from `start` to `at` and beyond, behind = or a colon. */
export function mayBePassword(codes: Codes, at: number): boolean {
  return mayBeSecret(codes, valueStart(codes, at), at);
}

function mayBeSecret(codes: Codes, start: number, at: number): boolean {
  return isGiven(codes, start) && kindsOf(codes, start, at) >= 3;
}

function isGiven(codes: Codes, start: number): boolean {
  let before = start - 1;
  if (isQuote(codeAt(codes, before))) before -= 1;
  for (let spaces = 0; spaces < 2 && isSpace(codeAt(codes, before)); spaces += 1) before -= 1;
  const mark = codeAt(codes, before);
  return mark === 0x3d || mark === 0x3a;
}

function isQuote(code: number): boolean {
  return code === 0x22 || code === 0x27 || code === 0x60;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === INVISIBLE || (code >= 0x09 && code <= 0x0d);
}

/** How many of lower case, upper case, digits and the rest the value has that goes on over `at`; 0 for a short one. */
function kindsOf(codes: Codes, start: number, at: number): number {
  let end = start;
  let kinds = 0;
  for (
    let kind = KIND[codeAt(codes, end)] ?? 0;
    kind !== 0 && end - start < 128;
    kind = KIND[codeAt(codes, end)] ?? 0
  ) {
    kinds |= kind;
    end += 1;
  }
  if (end <= at || end - start < 6) return 0;
  return (kinds & 1) + ((kinds >> 1) & 1) + ((kinds >> 2) & 1) + (kinds >> 3);
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
