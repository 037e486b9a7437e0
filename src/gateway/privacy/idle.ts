// What a number's neighbours alone say: nearly all numbers are idle, and are stepped over before any recogniser is asked or
// any word near them is read. Nothing here may call a number idle that a recogniser would take.
import { codeAt, isDigit, isLatin, isUpper, isWord, type Codes } from "./characters.ts";
import { mayBeKey } from "./credentials.ts";
import { mayBeDate } from "./dates.ts";
import type { DigitRun } from "./digit-run.ts";
import { mayBePassword } from "./passwords.ts";
import { mayGoOnAsPhone } from "./phones.ts";
import { isGap, separatorEnd } from "./separators.ts";

/** For digits with no letter on either side. */
export function isIdle(run: DigitRun): "always" | "without a word" | "never" {
  if (standsOut(run) || mayGoOn(run)) return "never";
  return mayMeanSomething(run) ? "without a word" : "always";
}

/** Whether something may begin here that needs no word beside it. */
function standsOut({ codes, start, end, length, before, after }: DigitRun): boolean {
  if (length >= 10 || before === 0x2b || before === 0x28 || before === 0x5f) return true;
  if (length >= 3 && codeAt(codes, start) === 0x30) return true;
  // An address of the internet.
  if (after === 0x2e ? isDigit(codeAt(codes, end + 1)) : after === 0x3a && length === 4) return true;
  // A label before it: QQ 12 34 56 C.
  return isGap(before) && isUpper(codeAt(codes, labelEnd(codes, start) - 1));
}

/** Whether groups of digits follow, or what may be a street. */
function mayGoOn({ length, after, follows }: DigitRun): boolean {
  if (!isGap(after)) return false;
  return isDigit(follows) ? length >= 2 : length <= 4 && after !== 0x2d && isUpper(follows);
}

/** Whether something may begin here beside the right word. */
function mayMeanSomething(run: DigitRun): boolean {
  const { codes, start, end, length, before, after, follows } = run;
  if (length >= 6 || isDigit(follows) || mayBeDate(run) || mayBePassword(codes, start)) return true;
  // AB 12 CDE in lower case.
  if (length === 2 && isLatin(follows) && isGap(before) && labelLength(codes, start) === 2) return true;
  // Neither 200::1 nor `12, High Street`.
  if (after === 0x3a && codeAt(codes, start + 4) === 0x3a) return true;
  if (after === 0x2c && isUpper(codeAt(codes, separatorEnd(codes, end + 1, true)))) return true;
  return mayGoOnAsPhone(run) || (before === 0x2d && mayBeKey(codes, keyStart(codes, start, 64)));
}

/**
 * Whether an identifier of letters and digits may begin with the word that begins at `from`, whose first digits, perhaps
 * behind a separator, are these.
 */
export function mayBeMixed(from: number, run: DigitRun): boolean {
  const { codes, end, length, next, follows } = run;
  let letters = 1;
  while (letters < 10 && isLatin(codeAt(codes, from + letters))) letters += 1;
  // Long enough to be a number behind its label.
  if (length >= 8 && letters <= 9) return true;
  if (letters > 5) return false;
  // ABZ 1234.
  if (letters === 3 && length <= 4 && isUpper(codeAt(codes, from + 2))) return length === 4 || isWord(follows);
  if (letters >= 3) return mayBeLicence(letters, run);
  if (length > 1) return length >= 6 || isWord(follows);
  // M1 1AA or W1A 1AA.
  if (next !== end || !isLatin(follows)) return isDigit(follows);
  return isDigit(codeAt(codes, separatorEnd(codes, end + 1, true)));
}

/** Five characters of the name, with nines where it is shorter, and six digits. */
function mayBeLicence(letters: number, { codes, start, length, follows }: DigitRun): boolean {
  return (letters === 5 || codeAt(codes, start) === 0x39) && (length >= 6 || isDigit(follows));
}

/** Where the two to five letters begin that stand before the separator before `at`; `at` when there are none. */
export function labelStart(codes: Codes, at: number): number {
  const end = labelEnd(codes, at);
  if (end === at) return at;
  let from = end;
  while (end - from < 6 && isLatin(codeAt(codes, from - 1))) from -= 1;
  const length = end - from;
  return length < 2 || length > 5 || isWord(codeAt(codes, from - 1)) ? at : from;
}

function labelLength(codes: Codes, at: number): number {
  const start = labelStart(codes, at);
  return start === at ? 0 : labelEnd(codes, at) - start;
}

/** Where the word ends that stands before the separator before `at`. */
function labelEnd(codes: Codes, at: number): number {
  let end = at;
  while (at - end < 24 && isGap(codeAt(codes, end - 1))) end -= 1;
  return end;
}

/** Where the letters, digits, hyphens and underscores begin that end before `from` in one of the latter two. */
export function keyStart(codes: Codes, from: number, most: number): number {
  let start = from;
  let code = codeAt(codes, from - 1);
  if (code !== 0x2d && code !== 0x5f) return from;
  while (from - start < most && (isDigit(code) || isLatin(code) || code === 0x2d || code === 0x5f)) {
    start -= 1;
    code = codeAt(codes, start - 1);
  }
  return start;
}
