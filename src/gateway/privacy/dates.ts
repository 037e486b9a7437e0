// Dates of birth: a date is nobody's by itself, so one of the words for birth must stand beside it.
import { foldAt, INVISIBLE, isDigit, isLatin, isWord } from "./characters.ts";
import { ABOUT } from "./context.ts";
import type { Page } from "./page.ts";
import { separatorEnd } from "./separators.ts";

const MONTHS = new Set("jan feb mar apr may jun jul aug sep oct nov dec".split(" "));

/** Finds the date whose first digit stands at `start`; answers with its end, or 0. */
export function findBirthDate(page: Page, start: number): number {
  const { text } = page;
  if (!page.context.isNear(ABOUT.birth, start)) return 0;
  const first = number(text, start);
  if (first.digits > 4 || first.digits === 3 || isWord(foldAt(text, start - 1))) return 0;
  const named = monthBefore(text, start);
  const end = named === -1 ? dateEnd(text, first) : yearAfter(text, dayEnd(text, first.end));
  if (end === 0) return 0;
  const begin = named === -1 ? start : named;
  return page.context.around(ABOUT.birth, begin, end) ? page.find("birth_date", begin, end) : 0;
}

type NumberRead = { readonly value: number; readonly digits: number; readonly end: number };

function number(text: string, start: number): NumberRead {
  let value = 0;
  let at = start;
  for (let code = foldAt(text, at); isDigit(code) && at - start < 9; code = foldAt(text, at)) {
    value = value * 10 + code - 0x30;
    at += 1;
  }
  return { value, digits: at - start, end: at };
}

/** 12/03/1980, 1980-03-12, 12 March 1980. */
function dateEnd(text: string, first: NumberRead): number {
  const word = monthAt(text, skipOf(text, dayEnd(text, first.end)));
  if (word !== 0 && first.digits <= 2 && first.value <= 31) return yearAfter(text, word);
  const second = number(text, partEnd(text, first.end));
  if (second.digits === 0 || second.digits > 2 || second.end === first.end) return 0;
  const third = number(text, partEnd(text, second.end));
  if (third.digits === 0 || third.end === second.end) return 0;
  const isYearFirst = first.digits === 4;
  const [year, month, day] = isYearFirst ? [first, second, third] : [third, second, first];
  const hasDay = month.value <= 12 ? day.value <= 31 : month.value <= 31 && day.value <= 12;
  if (!hasDay || month.value === 0 || day.value === 0 || day.digits > 2 || !isYear(year)) return 0;
  return isDigit(foldAt(text, third.end)) ? 0 : third.end;
}

function isYear({ digits, value }: NumberRead): boolean {
  return digits === 2 || (digits === 4 && value >= 1880 && value <= 2100);
}

/** Behind one slash, hyphen, dot or space, with a space on either side at most. */
function partEnd(text: string, at: number): number {
  const end = separatorEnd(text, at, true);
  if (end !== at) return end;
  if (foldAt(text, at) === 0x2f) return separatorEnd(text, at + 1, true);
  return foldAt(text, at) === 0x5c && foldAt(text, at + 1) === 0x2f ? at + 2 : at;
}

/** Behind `st`, `nd`, `rd`, `th`. */
function dayEnd(text: string, at: number): number {
  return /^(?:st|nd|rd|th)$/i.test(text.slice(at, at + 2)) ? at + 2 : at;
}

function skipOf(text: string, at: number): number {
  const next = separatorEnd(text, at, true);
  return text.slice(next, next + 2).toLowerCase() === "of" ? separatorEnd(text, next + 2, true) : next;
}

/** The end of the month's name that stands here; 0 for none. */
function monthAt(text: string, at: number): number {
  if (!MONTHS.has(text.slice(at, at + 3).toLowerCase())) return 0;
  let end = at;
  while (isLatin(foldAt(text, end)) || foldAt(text, end) === INVISIBLE) end += 1;
  return end - at <= 9 ? end : 0;
}

/** The year behind a comma, a dot or a separator. */
function yearAfter(text: string, at: number): number {
  const mark = foldAt(text, at) === 0x2c || foldAt(text, at) === 0x2e ? at + 1 : at;
  const start = separatorEnd(text, mark, true);
  const year = number(text, start === mark && foldAt(text, mark) === 0x2f ? mark + 1 : start);
  return year.end > at && isYear(year) ? year.end : 0;
}

/** Where the name of a month begins that ends before this day: March 12, 1980. -1 for none. */
function monthBefore(text: string, start: number): number {
  const before = foldAt(text, start - 1);
  if (before !== 0x20 && before !== 0x0a && before !== INVISIBLE) return -1;
  const found = /([A-Za-z]{3,9})\.?[\s\u00ad\u200b]{1,20}$/.exec(text.slice(Math.max(0, start - 30), start));
  const name = found?.[1]?.toLowerCase() ?? "";
  return MONTHS.has(name.slice(0, 3)) && found !== null ? start - found[0].length : -1;
}
