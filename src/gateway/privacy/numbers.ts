// Identifiers that are digits only, and long enough to mean somebody: health numbers, taxpayer references, cards, bank
// details, passports, companies, VAT.
import { codeAt, isDigit, isWord, type Codes } from "./characters.ts";
import {
  isCardRange,
  isDayAndMonth,
  isHealthNumber,
  isLuhn,
  isTaxReference,
  isUniform,
  isVatNumber,
  type Digits,
} from "./checksums.ts";
import { ABOUT } from "./context.ts";
import { shapeOf, type Groups } from "./groups.ts";
import type { Kind } from "./kinds.ts";
import type { Page } from "./page.ts";

/** Most that a card number, the longest of them, has. */
const CARD_LENGTHS = [16, 15, 14, 19, 13, 18];

/** Finds what begins with the first group; answers with its end, or 0. */
export function findNumber(page: Page, groups: Groups): number {
  if (!mayBegin(page, groups.start(0))) return 0;
  return (
    findTenDigits(page, groups) ||
    findCard(page, groups) ||
    findBank(page, groups) ||
    findNineDigits(page, groups) ||
    findEightDigits(page, groups)
  );
}

/** Fractions, amounts, and what goes on from a longer thing (a UUID, a version, a date) are no beginnings. */
function mayBegin({ text, codes }: Page, start: number): boolean {
  const before = codeAt(codes, start - 1);
  if (before === 0x2e || before === 0x2d || before === 0x2c) {
    const further = codeAt(codes, start - 2);
    if (isDigit(further)) return before === 0x2c;
    return before === 0x2c || !isDigit(wordBegin(codes, start - 2));
  }
  // Dollar, pound, euro, yen, number sign of colours.
  return before !== 0x24 && (before < 0x80 || !"£€¥".includes(text.charAt(start - 1)));
}

/** Some digit of the word that ends here, or its first character. */
function wordBegin(codes: Codes, end: number): number {
  let code = codeAt(codes, end);
  for (let at = end; at > end - 16 && isWord(codeAt(codes, at)); at -= 1) {
    code = codeAt(codes, at);
    if (isDigit(code)) return code;
  }
  return code;
}

const GROUPED_TEN = new Set(
  ["3-3-4", "6-4", "3-7", "5-5", "2-2-2-4", "4-3-3", "1-1-1-1-1-1-1-1-1-1", "2-2-2-2-2", "3-4-3"].map(shapeOf),
);
/** Groups that nothing but such a number is written in. */
const PLAIN_TEN = new Set(["3-3-4", "6-4", "3-7"].map(shapeOf));

function findTenDigits(page: Page, groups: Groups): number {
  const last = groups.endingAt(10);
  if (last === -1) return 0;
  const start = groups.start(0);
  const end = groups.end(last);
  const shape = groups.shape(last);
  if (last > 0 && !GROUPED_TEN.has(shape)) return 0;
  const { digits } = groups;
  const isTax = isTaxReference(digits) && page.context.around(ABOUT.tax, start, end);
  if (isTax) return page.find("utr", start, end);
  if (!isHealthNumber(digits)) return 0;
  const kind = healthKind(digits);
  if (kind !== undefined && isPlain(digits, kind, last, shape)) return page.find(kind, start, end);
  return page.context.around(ABOUT.health, start, end) ? page.find(kind ?? "nhs", start, end) : 0;
}

/** By the range that the number was issued from; `undefined` where none is known. */
function healthKind(digits: Digits): Kind | undefined {
  const first = digits[0] ?? 0;
  const second = digits[1] ?? 0;
  if (first === 4 || first === 6 || first === 7 || first === 9) return "nhs";
  if (first === 3 && second >= 2) return "hc";
  const day = first * 10 + second;
  const month = (digits[2] ?? 0) * 10 + (digits[3] ?? 0);
  return isDayAndMonth(day, month) ? "chi" : undefined;
}

/** Whether it needs no word beside it. Seconds since 1970 begin with a 1, and would pass for a CHI number now and then. */
function isPlain(digits: Digits, kind: Kind, last: number, shape: number): boolean {
  if (last > 0) return PLAIN_TEN.has(shape);
  return kind !== "chi" || digits[0] !== 1;
}

function findCard(page: Page, groups: Groups): number {
  const first = groups.length(0);
  if (first !== 4 && first < 12) return 0;
  for (const count of CARD_LENGTHS) {
    const last = groups.endingAt(count);
    if (last === -1 || (last > 0 && !CARD_SHAPES.has(groups.shape(last)))) continue;
    if (!isCardRange(groups.digits, count) || !isLuhn(groups.digits, count)) continue;
    const start = groups.start(0);
    const end = groups.end(last);
    const isUsual = count === 15 || count === 16 || last > 0;
    if (isUsual || page.context.around(ABOUT.card, start, end)) return page.find("card", start, end);
  }
  return 0;
}

const CARD_SHAPES = new Set(
  ["4-4-4-4", "4-6-5", "4-6-4", "4-4-4-4-3", "4-4-4-4-2", "8-8", "4-4-4-3", "4-4-4-1"].map(shapeOf),
);

const PAIRS = shapeOf("2-2-2");

/** Sort codes and account numbers. Both need their words; the account may also follow its sort code. */
function findBank(page: Page, groups: Groups): number {
  const six = groups.endingAt(6);
  const isSorted = six === 2 ? groups.shape(2) === PAIRS : six === 0;
  if (isSorted && page.context.around(ABOUT.bank, groups.start(0), groups.end(six))) {
    page.context.note(ABOUT.account, groups.end(six));
    return page.find("sort_code", groups.start(0), groups.end(six));
  }
  return 0;
}

function findNineDigits(page: Page, groups: Groups): number {
  const last = groups.endingAt(9);
  if (last === -1) return 0;
  const start = groups.start(0);
  const end = groups.end(last);
  if (isUniform(groups.digits, 0, 9)) return 0;
  if (isVatNumber(groups.digits) && page.context.around(ABOUT.vat, start, end)) return page.find("vat", start, end);
  return page.context.around(ABOUT.passport, start, end) ? page.find("passport", start, end) : 0;
}

function findEightDigits(page: Page, groups: Groups): number {
  const last = groups.endingAt(8);
  if (last === -1 || last > 1 || isUniform(groups.digits, 0, 8)) return 0;
  const start = groups.start(0);
  const end = groups.end(last);
  if (last === 1 && groups.length(0) !== 4) return 0;
  const { context } = page;
  if (isCompactDate(groups.digits)) return 0;
  if (context.around(ABOUT.company, start, end)) return page.find("company", start, end);
  return context.around(ABOUT.account, start, end) ? page.find("bank_account", start, end) : 0;
}

/** 20240512: far more often a day than an account. */
function isCompactDate(digits: Digits): boolean {
  const century = (digits[0] ?? 0) * 10 + (digits[1] ?? 0);
  const month = (digits[4] ?? 0) * 10 + (digits[5] ?? 0);
  const day = (digits[6] ?? 0) * 10 + (digits[7] ?? 0);
  return (century === 19 || century === 20) && isDayAndMonth(day, month);
}
