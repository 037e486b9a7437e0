// Dates of birth: a date is nobody's by itself, so one of the words for birth must stand beside it.
import { codeAt, INVISIBLE, isDigit, isLatin, isWord, type Codes } from "./characters.ts";
import { ABOUT } from "./context.ts";
import type { DigitRun } from "./digit-run.ts";
import type { Page } from "./page.ts";
import { Pairs } from "./pairs.ts";
import { isGap, separatorEnd } from "./separators.ts";

const MONTHS = new Set("jan feb mar apr may jun jul aug sep oct nov dec".split(" "));

const MONTH_BEGINNINGS = new Pairs("ja fe ma ap ju au se oc no de".split(" "));
const ORDINALS = new Pairs("st nd rd th".split(" "));

/** Finds the date whose first digits these are; answers with its end, or 0. */
export function findBirthDate(page: Page, run: DigitRun): number {
  const { codes } = page;
  const { start } = run;
  if (!mayBeDate(run) || !page.context.isNear(ABOUT.birth, start)) return 0;
  const first = number(codes, start);
  const named = monthBefore(page, start);
  const end = named === -1 ? dateEnd(page, first) : yearAfter(codes, dayEnd(page, first.end));
  if (end === 0) return 0;
  const begin = named === -1 ? start : named;
  return page.context.around(ABOUT.birth, begin, end) ? page.find("birth_date", begin, end) : 0;
}

/** Whether a date may begin with these digits, by what stands beside them. */
export function mayBeDate({ codes, start, end, length, before, after, next, follows }: DigitRun): boolean {
  if (length > 4 || length === 3 || isWord(before)) return false;
  // Slashes, also as JSON may write them.
  if (after === 0x2f || (after === 0x5c && codeAt(codes, end + 1) === 0x2f)) return true;
  if ((after === 0x2c || after === 0x2e) && mayFollowMonth(codes, start)) return true;
  if (isDigit(follows)) return true;
  if (!isLatin(follows)) return false;
  return (next === end && hasPair(ORDINALS, codes, end)) || mayBeMonth(codes, next);
}

/** At a month, or at `of` before one. */
function mayBeMonth(codes: Codes, at: number): boolean {
  return hasPair(MONTH_BEGINNINGS, codes, isOf(codes, at) ? separatorEnd(codes, at + 2, true) : at);
}

function isOf(codes: Codes, at: number): boolean {
  return (codeAt(codes, at) | 0x20) === 0x6f && (codeAt(codes, at + 1) | 0x20) === 0x66;
}

function hasPair(pairs: Pairs, codes: Codes, at: number): boolean {
  return pairs.has(codeAt(codes, at) | 0x20, codeAt(codes, at + 1) | 0x20);
}

/** Behind a word whose last nine letters hold what a month begins with, as in March 12, 1980. */
function mayFollowMonth(codes: Codes, start: number): boolean {
  let end = start;
  while (start - end < 24 && (isGap(codeAt(codes, end - 1)) || codeAt(codes, end - 1) <= 0x20)) end -= 1;
  for (let at = end - 1; end - at <= 9 && isLatin(codeAt(codes, at)); at -= 1) {
    if (hasPair(MONTH_BEGINNINGS, codes, at)) return true;
  }
  return false;
}

type NumberRead = { readonly value: number; readonly digits: number; readonly end: number };

function number(codes: Codes, start: number): NumberRead {
  let value = 0;
  let at = start;
  for (let code = codeAt(codes, at); isDigit(code) && at - start < 9; code = codeAt(codes, at)) {
    value = value * 10 + code - 0x30;
    at += 1;
  }
  return { value, digits: at - start, end: at };
}

/** 12/03/1980, 1980-03-12, 12 March 1980. */
function dateEnd(page: Page, first: NumberRead): number {
  const { codes } = page;
  const word = monthAt(page, skipOf(page, dayEnd(page, first.end)));
  if (word !== 0 && first.digits <= 2 && first.value <= 31) return yearAfter(codes, word);
  const second = number(codes, partEnd(codes, first.end));
  if (second.digits === 0 || second.digits > 2 || second.end === first.end) return 0;
  const third = number(codes, partEnd(codes, second.end));
  if (third.digits === 0 || third.end === second.end) return 0;
  const isYearFirst = first.digits === 4;
  const [year, month, day] = isYearFirst ? [first, second, third] : [third, second, first];
  const hasDay = month.value <= 12 ? day.value <= 31 : month.value <= 31 && day.value <= 12;
  if (!hasDay || month.value === 0 || day.value === 0 || day.digits > 2 || !isYear(year)) return 0;
  return isDigit(codeAt(codes, third.end)) ? 0 : third.end;
}

function isYear({ digits, value }: NumberRead): boolean {
  return digits === 2 || (digits === 4 && value >= 1880 && value <= 2100);
}

/** Behind one slash, hyphen, dot or space, with a space on either side at most. */
function partEnd(codes: Codes, at: number): number {
  const end = separatorEnd(codes, at, true);
  if (end !== at) return end;
  if (codeAt(codes, at) === 0x2f) return separatorEnd(codes, at + 1, true);
  return codeAt(codes, at) === 0x5c && codeAt(codes, at + 1) === 0x2f ? at + 2 : at;
}

/** Behind `st`, `nd`, `rd`, `th`. */
function dayEnd({ text, codes }: Page, at: number): number {
  return hasPair(ORDINALS, codes, at) && /^(?:st|nd|rd|th)$/i.test(text.slice(at, at + 2)) ? at + 2 : at;
}

function skipOf({ text, codes }: Page, at: number): number {
  const next = separatorEnd(codes, at, true);
  return isOf(codes, next) && text.slice(next, next + 2).toLowerCase() === "of"
    ? separatorEnd(codes, next + 2, true)
    : next;
}

/** The end of the month's name that stands here; 0 for none. */
function monthAt({ text, codes }: Page, at: number): number {
  if (!hasPair(MONTH_BEGINNINGS, codes, at) || !MONTHS.has(text.slice(at, at + 3).toLowerCase())) return 0;
  let end = at;
  while (isLatin(codeAt(codes, end)) || codeAt(codes, end) === INVISIBLE) end += 1;
  return end - at <= 9 ? end : 0;
}

/** The year behind a comma, a dot or a separator. */
function yearAfter(codes: Codes, at: number): number {
  const mark = codeAt(codes, at) === 0x2c || codeAt(codes, at) === 0x2e ? at + 1 : at;
  const start = separatorEnd(codes, mark, true);
  const year = number(codes, start === mark && codeAt(codes, mark) === 0x2f ? mark + 1 : start);
  return year.end > at && isYear(year) ? year.end : 0;
}

/** Where the name of a month begins that ends before this day: March 12, 1980. -1 for none. */
function monthBefore({ text, codes }: Page, start: number): number {
  const before = codeAt(codes, start - 1);
  if (before !== 0x20 && before !== 0x0a && before !== INVISIBLE) return -1;
  if (!mayFollowMonth(codes, start)) return -1;
  const found = /([A-Za-z]{3,9})\.?[\s\u00ad\u200b]{1,20}$/.exec(text.slice(Math.max(0, start - 30), start));
  const name = found?.[1]?.toLowerCase() ?? "";
  return MONTHS.has(name.slice(0, 3)) && found !== null ? start - found[0].length : -1;
}
