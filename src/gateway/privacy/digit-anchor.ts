// What may begin at a digit, or in the word it stands in. Nearly all numbers of a text are nobody's, so the first questions
// are the cheap ones: how long, what stands on either side; only then, does any word near it say something.
import { codeAt, isUpper, isLatin, isWord } from "./characters.ts";
import { ABOUT } from "./context.ts";
import { findKey } from "./credentials.ts";
import { findBirthDate } from "./dates.ts";
import { DigitRun } from "./digit-run.ts";
import { Groups } from "./groups.ts";
import { findIpv4, findIpv6, isEscape } from "./internet.ts";
import { isIdle, keyStart, labelStart, mayBeMixed } from "./idle.ts";
import { findMixed } from "./mixed.ts";
import { findNumber } from "./numbers.ts";
import type { Page } from "./page.ts";
import { findPassword } from "./passwords.ts";
import { findPhone } from "./phones.ts";
import { findAddress, findPostcode } from "./places.ts";
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
  readonly #run = new DigitRun();
  readonly #groups = new Groups();
  readonly #letters = new Letters();

  constructor(page: Page) {
    this.#page = page;
  }

  /** Answers with where to go on. */
  look(at: number): number {
    const page = this.#page;
    const run = this.#run;
    run.read(page.codes, at);
    if (isLatin(run.before)) return this.#lookAtWord(at);
    if (isLatin(run.after)) return this.#lookAtRest(at);
    const idle = isIdle(run);
    if (idle === "always" || (idle === "without a word" && !page.context.isNear(ANYTHING, at))) return run.end;
    return this.#lookAtNumber(at) || this.#lookAtKey(at) || findPassword(page, at) || run.end;
  }

  /** Letters follow the digits: a house number, a day, the first part of an IPv6 address, or most often nothing. */
  #lookAtRest(at: number): number {
    const page = this.#page;
    const run = this.#run;
    const digitsEnd = run.end;
    const end = page.word.endOf(page.codes, digitsEnd);
    if (end - at > OPAQUE) return end;
    const dotted = findIpv6(page, at) || (end - digitsEnd === 1 ? findAddress(page, at, this.#letters) : 0);
    const found = dotted || (end - digitsEnd <= 2 ? findBirthDate(page, run) || this.#lookAtLabelled(at) : 0);
    return found || this.#lookAtKey(at) || findPassword(page, at) || end;
  }

  #lookAtWord(at: number): number {
    const page = this.#page;
    const { codes } = page;
    const from = this.#wordStart(at);
    // The digit belonged to an escape such as \u00a0.
    if (from >= at) return from;
    const end = page.word.endOf(page.codes, this.#run.end);
    const before = codeAt(codes, from - 1);
    const after = codeAt(codes, end);
    const mayBeKey = end - from >= 16 || after === 0x2d || after === 0x5f || after === 0x2e;
    const key = (mayBeKey && before !== 0x2d && before !== 0x5f ? findKey(page, from) : 0) || this.#lookAtKey(from);
    if (key !== 0) return key;
    if (end - from > OPAQUE) return end;
    return this.#lookInWord(from, at) || findPassword(page, at) || end;
  }

  #lookInWord(from: number, at: number): number {
    const page = this.#page;
    if (!mayBeMixed(from, this.#run)) return 0;
    const end = page.word.endOf(page.codes, this.#run.end);
    const isLikely = isUpper(codeAt(page.codes, from)) || end - from >= 15 || page.context.isNear(ANYTHING, from);
    return isLikely ? this.#lookAtMixed(from, at) : 0;
  }

  /** Where the word begins in which the digit stands; behind an escape that it begins with. */
  #wordStart(at: number): number {
    const { text, codes } = this.#page;
    let from = at;
    while (at - from < LONGEST_BEGINNING && isLatin(codeAt(codes, from - 1))) from -= 1;
    if (codeAt(codes, from - 1) !== 0x5c) return from;
    if (text.charCodeAt(from) === 0x75) return Math.min(from + 5, text.length);
    return isEscape(codes, from) ? from + 1 : from;
  }

  #lookAtMixed(from: number, at: number): number {
    const page = this.#page;
    const found = findMixed(page, from, this.#letters) || findPostcode(page, from, this.#letters);
    // A label without a space: NHS9434765919.
    return found || (this.#run.length >= 8 && at - from <= 9 ? this.#lookAtNumber(at) : 0);
  }

  #lookAtNumber(at: number): number {
    const page = this.#page;
    const run = this.#run;
    const found =
      this.#lookAtLabelled(at) ||
      findPhone(page, at) ||
      findIpv4(page, run) ||
      findIpv6(page, at) ||
      findBirthDate(page, run);
    if (found !== 0) return found;
    const begins = Groups.mayBegin(run);
    if (begins === "always" || (begins === "beside a word" && page.context.isNear(NUMBERED, at))) {
      this.#groups.read(page.codes, at);
      const number = findNumber(page, this.#groups);
      if (number !== 0) return number;
    }
    return isWord(codeAt(page.codes, at - 1)) ? 0 : findAddress(page, at, this.#letters);
  }

  /** Two to five letters stand before the digits, with a separator between: QQ 12 34 56 C. */
  #lookAtLabelled(at: number): number {
    const page = this.#page;
    const from = labelStart(page.codes, at);
    return from === at || !mayBeMixed(from, this.#run) ? 0 : findMixed(page, from, this.#letters);
  }

  /** A key with hyphens or underscores, in whose later part the word stands. */
  #lookAtKey(from: number): number {
    const start = keyStart(this.#page.codes, from, LONGEST_BEGINNING);
    return start === from ? 0 : findKey(this.#page, start);
  }
}
