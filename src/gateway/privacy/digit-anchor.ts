// What may begin at a digit, or in the word it stands in. Nearly all numbers of a text are nobody's, so the first questions
// are the cheap ones: how long, what stands on either side, and does any word near it say something.
import { foldAt, isDigit, isLatin, isUpper, isWord } from "./characters.ts";
import { ABOUT } from "./context.ts";
import { findKey, findPassword } from "./credentials.ts";
import { findBirthDate } from "./dates.ts";
import { Groups } from "./groups.ts";
import { findIpv4, findIpv6, isEscape } from "./internet.ts";
import { findMixed } from "./mixed.ts";
import { findNumber } from "./numbers.ts";
import type { Page } from "./page.ts";
import { findPhone } from "./phones.ts";
import { findAddress, findPostcode } from "./places.ts";
import { separatorEnd } from "./separators.ts";
import { Letters } from "./shapes.ts";

/** All that makes something of a number which would mean nothing without a word. */
const ANYTHING = ~ABOUT.version;

const NUMBERED =
  ABOUT.health | ABOUT.tax | ABOUT.bank | ABOUT.account | ABOUT.passport | ABOUT.company | ABOUT.vat | ABOUT.card;

/** More letters and digits in a row than any identifier has: a digest, base64, a program. */
const OPAQUE = 44;

/** How far left a word is followed in which a digit stands. */
const LONGEST_BEGINNING = 64;

export class DigitAnchor {
  readonly #page: Page;
  readonly #groups = new Groups();
  readonly #letters = new Letters();

  constructor(page: Page) {
    this.#page = page;
  }

  /** Answers with where to go on. */
  look(at: number): number {
    const { text } = this.#page;
    const before = foldAt(text, at - 1);
    let end = at + 1;
    while (isDigit(foldAt(text, end))) end += 1;
    if (isLatin(before)) return this.#lookAtWord(at, end);
    const after = foldAt(text, end);
    if (isLatin(after)) return this.#lookAtRest(at, end, before);
    if (this.#isIdle(at, end, before, after)) return end;
    return this.#lookAtNumber(at) || this.#lookAtKey(at, before) || findPassword(this.#page, at) || end;
  }

  /** Whether nothing can begin here, by the neighbours alone. */
  #isIdle(at: number, end: number, before: number, after: number): boolean {
    const { text, context } = this.#page;
    const length = end - at;
    if (length >= 10 || before === 0x2b || before === 0x28 || before === 0x5f) return false;
    if (length >= 3 && foldAt(text, at) === 0x30) return false;
    // An address of the internet, groups of digits, a house number.
    if (after === 0x2e ? isDigit(foldAt(text, end + 1)) : after === 0x3a && length === 4) return false;
    if (length >= 2 && isGap(after) && isDigit(foldAt(text, separatorEnd(text, end, true)))) return false;
    if (length <= 4 && isGap(after) && after !== 0x2d) {
      if (isUpper(foldAt(text, separatorEnd(text, end, true)))) return false;
    }
    // A label before it: QQ 12 34 56 C.
    if (isGap(before) && isUpper(foldAt(text, labelEnd(text, at) - 1))) return false;
    return !context.isNear(ANYTHING, at);
  }

  /** Letters follow the digits: a house number, a day, the first part of an IPv6 address, or most often nothing. */
  #lookAtRest(at: number, digitsEnd: number, before: number): number {
    const page = this.#page;
    const { text } = page;
    let end = digitsEnd;
    while (isWord(foldAt(text, end))) end += 1;
    if (end - at > OPAQUE) return end;
    const dotted = findIpv6(page, at) || (end - digitsEnd === 1 ? findAddress(page, at, this.#letters) : 0);
    const found = dotted || (end - digitsEnd <= 2 ? findBirthDate(page, at) || this.#lookAtLabelled(at) : 0);
    return found || this.#lookAtKey(at, before) || findPassword(page, at) || end;
  }

  #lookAtWord(at: number, digitsEnd: number): number {
    const page = this.#page;
    const { text } = page;
    const from = this.#wordStart(at);
    // The digit belonged to an escape such as \u00a0.
    if (from >= at) return from;
    let end = digitsEnd;
    while (isWord(foldAt(text, end))) end += 1;
    const before = foldAt(text, from - 1);
    const after = foldAt(text, end);
    const mayBeKey = end - from >= 16 || after === 0x2d || after === 0x5f || after === 0x2e;
    const key =
      (mayBeKey && before !== 0x2d && before !== 0x5f ? findKey(page, from) : 0) || this.#lookAtKey(from, before);
    if (key !== 0) return key;
    if (end - from > OPAQUE) return end;
    const isLikely = isUpper(foldAt(text, from)) || end - from >= 15 || page.context.isNear(ANYTHING, from);
    return (isLikely ? this.#lookAtMixed(from, at, digitsEnd) : 0) || findPassword(page, at) || end;
  }

  /** Where the word begins in which the digit stands; behind an escape that it begins with. */
  #wordStart(at: number): number {
    const { text } = this.#page;
    let from = at;
    while (at - from < LONGEST_BEGINNING && isLatin(foldAt(text, from - 1))) from -= 1;
    if (foldAt(text, from - 1) !== 0x5c) return from;
    if (text.charCodeAt(from) === 0x75) return Math.min(from + 5, text.length);
    return isEscape(text, from) ? from + 1 : from;
  }

  #lookAtMixed(from: number, at: number, digitsEnd: number): number {
    const page = this.#page;
    const found = findMixed(page, from, this.#letters) || findPostcode(page, from, this.#letters);
    // A label without a space: NHS9434765919.
    return found || (digitsEnd - at >= 8 && at - from <= 9 ? this.#lookAtNumber(at) : 0);
  }

  #lookAtNumber(at: number): number {
    const page = this.#page;
    const { text } = page;
    const found = this.#lookAtLabelled(at) || findPhone(page, at) || findIpv4(page, at) || findIpv6(page, at);
    if (found !== 0) return found;
    const dated = findBirthDate(page, at);
    if (dated !== 0) return dated;
    if (Groups.mayBegin(text, at, page.context.isNear(NUMBERED, at))) {
      this.#groups.read(text, at);
      const number = findNumber(page, this.#groups);
      if (number !== 0) return number;
    }
    return isWord(foldAt(text, at - 1)) ? 0 : findAddress(page, at, this.#letters);
  }

  /** Two to five letters stand before the digits, with a separator between: QQ 12 34 56 C. */
  #lookAtLabelled(at: number): number {
    const { text } = this.#page;
    const end = labelEnd(text, at);
    let from = end;
    while (end - from < 6 && isLatin(foldAt(text, from - 1))) from -= 1;
    const length = end - from;
    if (length < 2 || length > 5 || end === at || isWord(foldAt(text, from - 1))) return 0;
    return findMixed(this.#page, from, this.#letters);
  }

  /** A key with hyphens or underscores, in whose later part the word stands. */
  #lookAtKey(from: number, before: number): number {
    if (before !== 0x2d && before !== 0x5f) return 0;
    const { text } = this.#page;
    let start = from;
    for (let code = before; from - start < LONGEST_BEGINNING; code = foldAt(text, start - 1)) {
      if (!isDigit(code) && !isLatin(code) && code !== 0x2d && code !== 0x5f) break;
      start -= 1;
    }
    return findKey(this.#page, start);
  }
}

/** Where the word ends that stands before the separator before `at`. */
function labelEnd(text: string, at: number): number {
  let end = at;
  while (at - end < 24 && isGap(foldAt(text, end - 1))) end -= 1;
  return end;
}

/** Space, hyphen, dot, line's end, what is not seen; backslash, percent and ampersand of those that are spelled out. */
function isGap(code: number): boolean {
  if (code === 0x20 || code === 0x2d || code === 0x2e || code === 0x81) return true;
  return code === 0x0a || code === 0x0d || code === 0x5c || code === 0x25 || code === 0x26;
}
