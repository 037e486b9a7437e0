// Where somebody lives: postcodes and the lines of an address.
import { codeAt, isDigit, isLatin, isUpper, isWord, type Codes } from "./characters.ts";
import { ABOUT } from "./context.ts";
import type { Page } from "./page.ts";
import { Pairs } from "./pairs.ts";
import { separatorEnd } from "./separators.ts";
import { shape, type Letters } from "./shapes.ts";

/** All areas of the Royal Mail, and those of the Crown dependencies. */
const AREAS = new Pairs(
  (
    "AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY G " +
    "GL GU GX GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL " +
    "OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR " +
    "WS WV YO ZE"
  )
    .split(" ")
    .map((area) => area.padEnd(2)),
);

const SHAPES = ["A99AA", "A999AA", "AA99AA", "AA999AA", "A9A9AA", "AA9A9AA"].map(shape);

/** Finds the postcode that begins at `start`, the first letter of its word; answers with its end, or 0. */
export function findPostcode(page: Page, start: number, letters: Letters): number {
  const count = postcodeLength(page.codes, start, letters);
  if (count === 0) return 0;
  const end = letters.endOf(count);
  const isSure = letters.isUpper(count) && letters.parts(count) === 2;
  return isSure || page.context.around(ABOUT.address, start, end) ? page.find("postcode", start, end) : 0;
}

/** How many letters and digits the postcode has that begins here; 0 for none. */
function postcodeLength(codes: Codes, start: number, letters: Letters): number {
  letters.read(codes, start, 7);
  for (const each of SHAPES) {
    const { count } = each;
    if (!letters.fits(each) || letters.endOf(count) === 0) continue;
    if (!isArea(letters) || !isInward(letters, count)) continue;
    // The only gap is the one before the last three.
    const parts = letters.parts(count);
    if (parts === 1 || (parts === 2 && letters.isParted(count - 3))) return count;
  }
  return 0;
}

/** One letter or two. */
function isArea(letters: Letters): boolean {
  const second = letters.code(1);
  return AREAS.has(letters.code(0), second >= 0x41 ? second : 0x20);
}

function isInward(letters: Letters, count: number): boolean {
  return isUnit(letters.code(count - 1)) && isUnit(letters.code(count - 2));
}

/** C, I, K, M, O and V are in no unit. */
function isUnit(code: number): boolean {
  return code !== 0x43 && code !== 0x49 && code !== 0x4b && code !== 0x4d && code !== 0x4f && code !== 0x56;
}

const STREETS = new Set(
  (
    "street st road rd avenue ave lane ln close drive dr way court crescent cres gardens gdns grove hill mews park place pl " +
    "rise row square sq terrace walk parade embankment wharf quay yard green view vale broadway causeway"
  ).split(" "),
);

/** Most words between the house's number and the kind of street. */
const MOST_WORDS = 4;

/** Finds `12a High Street, Leeds LS1 4AP` from its number on; answers with its end, or 0. */
export function findAddress(page: Page, start: number, letters: Letters): number {
  const { text, codes } = page;
  let at = start;
  while (isDigit(codeAt(codes, at))) at += 1;
  if (at - start > 4) return 0;
  if (isLatin(codeAt(codes, at)) && !isWord(codeAt(codes, at + 1))) at += 1;
  const gap = codeAt(codes, at);
  if (gap !== 0x20 && gap !== 0x2c && gap !== 0x0a && gap !== 0x0d && gap !== 0x5c) return 0;
  for (let words = 0; words <= MOST_WORDS; words += 1) {
    const next = separatorEnd(codes, codeAt(codes, at) === 0x2c ? at + 1 : at, true);
    if (next === at || !isUpper(codeAt(codes, next))) return 0;
    const end = wordEnd(codes, next);
    if (words > 0 && STREETS.has(text.slice(next, end).toLowerCase())) {
      return page.find("address", flatBegin(text, start), townEnd(codes, end, letters));
    }
    at = end;
  }
  return 0;
}

/** `Flat 3, ` belongs to the number that follows. */
function flatBegin(text: string, start: number): number {
  const before = /\b(?:flat|apartment|apt|unit|room)\s{1,3}\w{1,4},?\s{1,3}$/i.exec(
    text.slice(Math.max(0, start - 24), start),
  );
  return before === null ? start : start - before[0].length;
}

/** The address goes on to its postcode, if one follows within a few capitalised words. */
function townEnd(codes: Codes, streetEnd: number, letters: Letters): number {
  let at = streetEnd;
  for (let words = 0; words < 7; words += 1) {
    const comma = codeAt(codes, at) === 0x2c ? at + 1 : at;
    const parted = separatorEnd(codes, comma, true);
    const next = parted === comma && comma > at ? comma : parted;
    if (next === at || !isUpper(codeAt(codes, next))) return streetEnd;
    const postcode = postcodeLength(codes, next, letters);
    if (postcode !== 0) return letters.endOf(postcode);
    at = wordEnd(codes, next);
  }
  return streetEnd;
}

function wordEnd(codes: Codes, start: number): number {
  let at = start;
  for (let code = codeAt(codes, at); isLatin(code) || code >= 0x80 || code === 0x27; code = codeAt(codes, at)) at += 1;
  return at;
}
