// British identifiers of letters and digits: National Insurance, IBAN, VAT, driving licences, companies, passports,
// vehicles.
import { codeAt, isWord } from "./characters.ts";
import { isDayAndMonth, isIban, isVatNumber } from "./checksums.ts";
import { ABOUT } from "./context.ts";
import type { Page } from "./page.ts";
import { Pairs } from "./pairs.ts";
import { shape, type Letters } from "./shapes.ts";

/** Finds what begins at `start`, the first letter of its word; answers with its end, or 0. */
export function findMixed(page: Page, start: number, letters: Letters): number {
  letters.read(page.codes, start, 11);
  const second = letters.code(1);
  const isOneLetter = second < 0x41;
  if (isOneLetter) return findPassport(page, start, letters) || findOldPlate(page, start, letters);
  return (
    findInsurance(page, start, letters) ||
    findCompany(page, start, letters) ||
    findPassport(page, start, letters) ||
    findPlate(page, start, letters) ||
    findVat(page, start, letters) ||
    findLicence(page, start, letters) ||
    findIban(page, start, letters)
  );
}

const INSURANCE = shape("AA999999A");
const NO_PREFIX = new Pairs(["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"]);
const NO_LETTER = new Set(Array.from("DFIQUV", (letter) => letter.charCodeAt(0)));

function findInsurance(page: Page, start: number, letters: Letters): number {
  if (!letters.fits(INSURANCE)) return 0;
  const end = letters.endOf(9);
  if (end === 0 || !isInsurancePrefix(letters.code(0), letters.code(1)) || letters.code(8) > 0x44) return 0;
  // A part number in lower case may have this shape; a person's has a word beside it then.
  const isSure = letters.isUpper(9) || page.context.around(ABOUT.insurance, start, end);
  return isSure ? page.find("nino", start, end) : 0;
}

function isInsurancePrefix(first: number, second: number): boolean {
  return !NO_LETTER.has(first) && !NO_LETTER.has(second) && second !== 0x4f && !NO_PREFIX.has(first, second);
}

/** Lengths by country, of the registry that SWIFT keeps. */
const IBAN_LENGTHS: ReadonlyMap<number, number> = new Map(
  (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 " +
    "FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 " +
    "LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 " +
    "ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
  )
    .split(" ")
    .map((entry) => [country(entry.charCodeAt(0), entry.charCodeAt(1)), Number(entry.slice(2))]),
);

function country(first: number, second: number): number {
  return first * 256 + second;
}

const IBAN = shape("AA99");

function findIban(page: Page, start: number, letters: Letters): number {
  if (!letters.fits(IBAN)) return 0;
  const length = IBAN_LENGTHS.get(country(letters.code(0), letters.code(1)));
  if (length === undefined) return 0;
  letters.read(page.codes, start, length);
  const end = letters.endOf(length);
  return end !== 0 && isIban(letters.codes, length) ? page.find("iban", start, end) : 0;
}

const VAT = shape("AA999999999");
const BRANCH = shape("AA999999999999");
const VAT_COUNTRIES = new Pairs(["GB", "XI"]);
const digits = new Uint8Array(9);

function findVat(page: Page, start: number, letters: Letters): number {
  if (!letters.fits(VAT) || !VAT_COUNTRIES.has(letters.code(0), letters.code(1))) return 0;
  letters.read(page.codes, start, 14);
  for (let n = 0; n < 9; n += 1) digits[n] = letters.digit(n + 2);
  const end = (letters.fits(BRANCH) ? letters.endOf(14) : 0) || letters.endOf(11);
  return end !== 0 && isVatNumber(digits) ? page.find("vat", start, end) : 0;
}

const LICENCE_BEGIN = shape("AA***999999");
const LICENCE = shape("AA***999999A**AA");
const LICENCE_ISSUED = shape("AA***999999A**AA99");

/** Five letters of the name, a digit, month and day of birth, a digit, initials, a check: MORGA657054SM9IJ. */
function findLicence(page: Page, start: number, letters: Letters): number {
  if (!letters.fits(LICENCE_BEGIN)) return 0;
  letters.read(page.codes, start, 18);
  if (!letters.fits(LICENCE)) return 0;
  const end = letters.endOf(16) || (letters.fits(LICENCE_ISSUED) ? letters.endOf(18) : 0);
  const month = letters.digit(6) * 10 + letters.digit(7);
  const day = letters.digit(8) * 10 + letters.digit(9);
  if (end === 0 || !isDayAndMonth(day, month > 50 ? month - 50 : month)) return 0;
  const isSure = letters.isUpper(16) && letters.parts(16) <= 4;
  return isPaddedName(letters) && (isSure || page.context.around(ABOUT.licence, start, end))
    ? page.find("driving_licence", start, end)
    : 0;
}

/** Five characters: letters, and nines where the name is shorter. */
function isPaddedName(letters: Letters): boolean {
  let isOver = false;
  for (let n = 0; n < 5; n += 1) {
    const isLetter = letters.code(n) >= 0x41;
    if (isLetter ? isOver : letters.digit(n) !== 9) return false;
    isOver = !isLetter;
  }
  return true;
}

const COMPANY = shape("AA999999");
const COMPANY_PREFIXES = new Pairs(
  "SC NI OC SO NC FC SF NF GE GS IP SP NP RC SR RS AC SA NA CE CS LP SL NL SE".split(" "),
);

function findCompany(page: Page, start: number, letters: Letters): number {
  if (!letters.fits(COMPANY) || !COMPANY_PREFIXES.has(letters.code(0), letters.code(1))) return 0;
  const end = letters.endOf(8);
  return end !== 0 && page.context.around(ABOUT.company, start, end) ? page.find("company", start, end) : 0;
}

const PASSPORT = shape("A99999999");
const PASSPORT_OF_TWO = shape("AA9999999");

function findPassport(page: Page, start: number, letters: Letters): number {
  if (!letters.fits(PASSPORT) && !letters.fits(PASSPORT_OF_TWO)) return 0;
  const end = letters.endOf(9);
  return end !== 0 && page.context.around(ABOUT.passport, start, end) ? page.find("passport", start, end) : 0;
}

/** The last two letters of Northern Irish plates: RFC 9110 is none. */
const NORTHERN = new Pairs(
  "AZ BZ CZ DZ EZ FZ GZ HZ IA IB IG IJ IL IW JI JZ KZ LZ MZ NZ OI OZ PZ RZ SZ TZ UI UZ VZ WZ XI YZ".split(" "),
);

const PLATE = shape("AA99AAA");
const NORTHERN_PLATE = shape("AAA9999");
const SUFFIX_PLATE = shape("AAA999A");
const SHORT_SUFFIX_PLATE = shape("AAA99A");

/** AB12 CDE and, in Northern Ireland, ABZ 1234. */
function findPlate(page: Page, start: number, letters: Letters): number {
  if (letters.fits(PLATE)) return plate(page, start, letters.endOf(7));
  if (!letters.isUpper(6)) return 0;
  if (letters.fits(NORTHERN_PLATE)) {
    return NORTHERN.has(letters.code(1), letters.code(2)) ? plate(page, start, letters.endOf(7)) : 0;
  }
  if (letters.fits(SUFFIX_PLATE)) return plate(page, start, letters.endOf(7));
  return letters.fits(SHORT_SUFFIX_PLATE) ? plate(page, start, letters.endOf(6)) : 0;
}

const PREFIX_PLATE = shape("A999AAA");
const SHORT_PREFIX_PLATE = shape("A99AAA");

/** A123 BCD. */
function findOldPlate(page: Page, start: number, letters: Letters): number {
  if (!letters.isUpper(6)) return 0;
  if (letters.fits(PREFIX_PLATE)) return plate(page, start, letters.endOf(7));
  return letters.fits(SHORT_PREFIX_PLATE) ? plate(page, start, letters.endOf(6)) : 0;
}

function plate(page: Page, start: number, end: number): number {
  if (end === 0 || isWord(codeAt(page.codes, start - 1))) return 0;
  return page.context.around(ABOUT.vehicle, start, end) ? page.find("vehicle", start, end) : 0;
}
