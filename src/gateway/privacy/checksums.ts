// Check digits of the identifiers that have some. All work on digits from 0 to 9, `count` of them from `from` on.

import type { Codes } from "./characters.ts";

export type Digits = Uint8Array;

/** NHS, CHI and H&C numbers: modulus 11, the weights from 10 down. */
export function isHealthNumber(digits: Digits, from = 0): boolean {
  let sum = 0;
  for (let n = 0; n < 9; n += 1) sum += (digits[from + n] ?? 0) * (10 - n);
  const check = (11 - (sum % 11)) % 11;
  return check === digits[from + 9] && !isUniform(digits, from, 10);
}

const UTR_WEIGHTS = [6, 7, 8, 9, 10, 5, 4, 3, 2];
const UTR_CHECKS = [2, 1, 9, 8, 7, 6, 5, 4, 3, 2, 1];

/** Unique taxpayer references: the first digit checks the other nine. */
export function isTaxReference(digits: Digits, from = 0): boolean {
  let sum = 0;
  for (let n = 0; n < 9; n += 1) sum += (digits[from + 1 + n] ?? 0) * (UTR_WEIGHTS[n] ?? 0);
  return UTR_CHECKS[sum % 11] === digits[from] && !isUniform(digits, from, 10);
}

/** Luhn's check, as on payment cards. */
export function isLuhn(digits: Digits, count: number): boolean {
  let sum = 0;
  for (let n = 0; n < count; n += 1) {
    const digit = digits[count - 1 - n] ?? 0;
    const weighed = n % 2 === 1 ? digit * 2 : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0 && !isUniform(digits, 0, count);
}

/** VAT numbers: nine digits, modulus 97, with or without the later offset of 55. */
export function isVatNumber(digits: Digits, from = 0): boolean {
  let sum = 0;
  for (let n = 0; n < 7; n += 1) sum += (digits[from + n] ?? 0) * (8 - n);
  const check = (digits[from + 7] ?? 0) * 10 + (digits[from + 8] ?? 0);
  return (sum + check) % 97 === 0 || (sum + check + 55) % 97 === 0;
}

/** IBANs: modulus 97 over the first `count` characters with four of them moved to the end. Takes upper-case letters and digits. */
export function isIban(codes: Codes, count: number): boolean {
  let rest = 0;
  for (let n = 4; n < count + 4; n += 1) {
    const code = codes[n < count ? n : n - count] ?? 0;
    rest = code >= 0x41 ? (rest * 100 + code - 55) % 97 : (rest * 10 + code - 0x30) % 97;
  }
  return rest === 1;
}

/** Payment cards by the first digits of their issuers, and how long their numbers are. */
export function isCardRange(digits: Digits, count: number): boolean {
  const two = number(digits, 2);
  const four = number(digits, 4);
  if (digits[0] === 4) return count === 16 || count === 13 || count === 19;
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return count === 16;
  if (two === 34 || two === 37) return count === 15;
  if (two === 36 || two === 38 || two === 39 || (four >= 3000 && four <= 3059)) return count === 14;
  if (two === 35) return count === 16;
  if (four === 6011 || two === 65 || two === 64 || two === 62) return count >= 16;
  return (two === 50 || (two >= 56 && two <= 69)) && (count === 16 || count === 18 || count === 19);
}

function number(digits: Digits, count: number): number {
  let value = 0;
  for (let n = 0; n < count; n += 1) value = value * 10 + (digits[n] ?? 0);
  return value;
}

/** A day that the calendar has, from its digits DDMM. */
export function isDayAndMonth(day: number, month: number): boolean {
  return day >= 1 && month >= 1 && month <= 12 && day <= (month === 2 ? 29 : [4, 6, 9, 11].includes(month) ? 30 : 31);
}

/** One digit over and over is an example, never an identifier. */
export function isUniform(digits: Digits, from: number, count: number): boolean {
  for (let n = 1; n < count; n += 1) if (digits[from + n] !== digits[from]) return false;
  return true;
}
