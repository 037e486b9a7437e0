// Telephone numbers: British ones with their trunk zero or +44, others with + and a country.
import { codeAt, INVISIBLE, isDigit, isWord, type Codes } from "./characters.ts";
import { ABOUT } from "./context.ts";
import type { DigitRun } from "./digit-run.ts";
import type { Page } from "./page.ts";
import { separatorEnd, wraps } from "./separators.ts";

const MOST = 15;

/** The digits read, and where the number may end after so many of them: 0 where it may not. */
const digits = new Uint8Array(MOST + 1);
const ends = new Int32Array(MOST + 1);

/** Finds what begins at this digit (the plus sign or parenthesis before it is seen here); answers with its end, or 0. */
export function findPhone(page: Page, at: number): number {
  const { codes } = page;
  const before = codeAt(codes, at - 1);
  const isPlus = before === 0x2b;
  const isZero = codeAt(codes, at) === 0x30;
  if (!isPlus && !isZero && before !== 0x28) {
    return isBare(codes, at) && page.context.isNear(ABOUT.phone, at) ? findWorded(page, at) : 0;
  }
  let start = isPlus || before === 0x28 ? at - 1 : at;
  if (isPlus && codeAt(codes, start - 1) === 0x28) start -= 1;
  if (isWord(codeAt(codes, start - 1))) return 0;
  if (before === 0x2e || before === 0x2d) return 0;
  // Behind a trunk zero the area goes on: 0.9.1 is a version.
  if (isZero && !isPlus && !(isDigit(codeAt(codes, at + 1)) && isDigit(codeAt(codes, at + 2)))) return 0;
  const count = readDigits(codes, at);
  const prefix = prefixOf(isPlus, count);
  if (prefix === "foreign") return findForeign(page, start, count);
  if (prefix === undefined) return before === 0x28 ? findWorded(page, at) : 0;
  return findBritish(page, start, prefix, count);
}

/** Reads digits until something comes that parts numbers. Answers how many there are. */
function readDigits(codes: Codes, from: number): number {
  let count = 0;
  let at = from;
  let mayWrap = true;
  while (count < MOST) {
    if (!isDigit(codeAt(codes, at))) break;
    digits[count] = codeAt(codes, at) - 0x30;
    count += 1;
    at += 1;
    ends[count] = 0;
    if (isDigit(codeAt(codes, at))) continue;
    const next = gapEnd(codes, at, mayWrap);
    // More than one hyphen or a letter: this was no end of a telephone number.
    ends[count] = isWord(codeAt(codes, at)) && !isExtension(codes, at) ? 0 : at;
    if (next === at) break;
    mayWrap &&= !wraps(codes, at, next);
    at = next;
  }
  // More digits in the same group than any telephone number has.
  if (count === MOST && isDigit(codeAt(codes, at))) ends[count] = 0;
  return count;
}

/** Spaces, hyphens, dots, and parentheses round an area code. */
function gapEnd(codes: Codes, at: number, mayWrap: boolean): number {
  let end = separatorEnd(codes, at, mayWrap);
  for (let n = 0; n < 3 && isBesideArea(codeAt(codes, end)); n += 1) end = separatorEnd(codes, end + 1, mayWrap);
  return isDigit(codeAt(codes, end)) ? end : at;
}

/** Parentheses, and the slash that some write instead. */
function isBesideArea(code: number): boolean {
  return code === 0x28 || code === 0x29 || code === 0x2f || code === INVISIBLE;
}

/** Whether more digits of a telephone number follow. */
export function mayGoOnAsPhone({ codes, end, follows }: DigitRun): boolean {
  return isDigit(follows) || (isBesideArea(follows) && gapEnd(codes, end, true) !== end);
}

function isExtension(codes: Codes, at: number): boolean {
  return (codeAt(codes, at) | 0x20) === 0x78;
}

/** How many digits stand before the national number; `foreign` for another country's. */
function prefixOf(isPlus: boolean, count: number): number | "foreign" | undefined {
  const four = digits[0] === 4 && digits[1] === 4;
  if (isPlus && four) return digits[2] === 0 ? 3 : 2;
  if (isPlus) return digits[0] === 0 ? undefined : "foreign";
  if (digits[0] !== 0 || count < 9) return undefined;
  if (digits[1] !== 0) return 1;
  return digits[2] === 4 && digits[3] === 4 ? (digits[4] === 0 ? 5 : 4) : undefined;
}

function findBritish(page: Page, start: number, prefix: number, count: number): number {
  const first = digits[prefix] ?? 0;
  if (first === 0 || first === 4 || first === 6) return 0;
  for (const national of [10, 9, 7]) {
    const end = count >= prefix + national ? (ends[prefix + national] ?? 0) : 0;
    if (end === 0 || goesOn(page.codes, end)) continue;
    const isSure = national === 10 && (prefix > 1 || isVaried(prefix));
    if (isSure || page.context.around(ABOUT.phone, start, end)) return page.find("phone", start, end);
  }
  return 0;
}

/** Four digits at least: 01000000000 is a counter. */
function isVaried(prefix: number): boolean {
  let seen = 0;
  for (let n = prefix; n < prefix + 10; n += 1) seen |= 1 << (digits[n] ?? 0);
  let different = 0;
  for (; seen !== 0; seen &= seen - 1) different += 1;
  return different >= 4;
}

function findForeign(page: Page, start: number, count: number): number {
  for (let total = count; total >= 8; total -= 1) {
    const end = ends[total] ?? 0;
    if (end === 0 || goesOn(page.codes, end) || !isDigit(codeAt(page.codes, end - 2))) continue;
    // A line of a patch begins with a plus sign, too.
    const before = codeAt(page.codes, start - 1);
    const isLineStart = before === 0 || before === 0x0a;
    const isGrouped = end - start > total + 1;
    if (total >= 9 && (isGrouped || !isLineStart)) return page.find("phone", start, end);
    return page.context.around(ABOUT.phone, start, end) ? page.find("phone", start, end) : 0;
  }
  return 0;
}

/** Neither zero nor plus: only ten or eleven digits in groups, where a word says so. */
function findWorded(page: Page, at: number): number {
  const count = readDigits(page.codes, at);
  const start = codeAt(page.codes, at - 1) === 0x28 ? at - 1 : at;
  for (const total of [10, 11]) {
    const end = count >= total ? (ends[total] ?? 0) : 0;
    if (end === 0 || goesOn(page.codes, end)) continue;
    if (end - at > total && page.context.before(ABOUT.phone, start)) return page.find("phone", start, end);
  }
  return 0;
}

function isBare(codes: Codes, at: number): boolean {
  // The first group of a number in groups has two to five digits.
  return !isWord(codeAt(codes, at - 1)) && isDigit(codeAt(codes, at + 2)) && !isDigit(codeAt(codes, at + 5));
}

/** A hyphen or a dot with more digits: a longer thing than a telephone number. */
function goesOn(codes: Codes, end: number): boolean {
  const code = codeAt(codes, end);
  return (code === 0x2d || code === 0x2e || code === 0x3a) && isDigit(codeAt(codes, end + 1));
}
