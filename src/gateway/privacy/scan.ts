// Finds personal data in one text, in one pass. It looks only where something can begin: at a digit, an @, the few
// characters that keys begin with, and, with dictionaries, at words. From there each recogniser reads a bounded stretch, so
// the time grows with the text's length and with nothing else, whatever the text is.
import { FOLD, foldAt, isDigit, isLatin, isWord } from "./characters.ts";
import { findKey, findPrivateKey, findUrlPassword } from "./credentials.ts";
import { DigitAnchor } from "./digit-anchor.ts";
import { findEmail } from "./internet.ts";
import type { Findings } from "./kinds.ts";
import type { NameList } from "./names.ts";
import { Page } from "./page.ts";
import { isPlaceholderAt, PLACEHOLDER_LENGTH } from "./placeholder.ts";

const DIGIT = 1;
const AT = 2;
const SIGN = 3;
const NAME = 4;

/** What may begin at each character; everything else is stepped over. */
function anchors(withNames: boolean): Uint8Array {
  return FOLD.map((code) => {
    if (isDigit(code)) return DIGIT;
    if (code === 0x40) return AT;
    // A, e, q, hyphen, underscore, % of %40.
    if (code === 0x41 || (code | 0x20) === 0x71 || code === 0x2d || code === 0x5f) return SIGN;
    return withNames && (isLatin(code) || code === 0x80) ? NAME : 0;
  });
}

export class Scanner {
  readonly #anchors: Uint8Array;
  readonly #names: NameList | undefined;
  readonly #page = new Page();
  readonly #digits = new DigitAnchor(this.#page);

  constructor(names?: NameList) {
    this.#names = names;
    this.#anchors = anchors(names !== undefined);
  }

  /** `hint`: what the keys speak of under which the text stands. */
  scan(text: string, hint = 0): Findings {
    this.#page.open(text, hint);
    this.#run(text);
    return this.#page.found;
  }

  /** A function of its own with nothing behind the loop: it is compiled while it runs, and stays so. */
  #run(text: string): void {
    const table = this.#anchors;
    const { length } = text;
    let at = 0;
    while (at < length) {
      const anchor = table[text.charCodeAt(at)];
      // Whatever a recogniser answers, the scan goes forward.
      at = anchor === 0 ? at + 1 : this.#stopIn(at + 1, this.#look(anchor, at));
    }
  }

  /** What is stepped over as a word may hold what looks like a pseudonym: there the scan stops. */
  #stopIn(from: number, to: number): number {
    const { text, foundUpTo } = this.#page;
    for (let at = Math.max(from, foundUpTo); at < to; at += 1) {
      if ((text.charCodeAt(at) | 0x20) === 0x71) return at;
    }
    return Math.max(from, to);
  }

  /** Looks at one anchor and answers where to go on, which is always further on. */
  #look(anchor: number | undefined, at: number): number {
    switch (anchor) {
      case DIGIT:
        return this.#digits.look(at);
      case AT:
        return Math.max(findEmail(this.#page, at), findUrlPassword(this.#page, at), at + 1);
      case SIGN:
        return this.#lookAtSign(at);
      default:
        return this.#lookAtWord(at);
    }
  }

  #lookAtSign(at: number): number {
    const page = this.#page;
    const { text } = page;
    const code = foldAt(text, at);
    if ((code | 0x20) === 0x71 && isPlaceholderAt(text, at)) {
      return page.find("literal", at, at + PLACEHOLDER_LENGTH);
    }
    const named = isLatin(code) ? this.#lookAtWord(at) : at + 1;
    if (code === 0x41) return isWord(foldAt(text, at - 1)) ? named : findKey(page, at) || named;
    if (code === 0x2d || code === 0x5f) return findPrivateKey(page, at) || this.#keyBefore(at) || at + 1;
    return named;
  }

  /** Keys whose beginning ends in a hyphen or an underscore, and that may hold no digit at all. */
  #keyBefore(at: number): number {
    const { text } = this.#page;
    let start = at;
    while (at - start < 11 && isLatin(foldAt(text, start - 1))) start -= 1;
    return start === at || isWord(foldAt(text, start - 1)) ? 0 : findKey(this.#page, start);
  }

  #lookAtWord(at: number): number {
    const names = this.#names;
    if (names === undefined) return at + 1;
    return names.find(this.#page, at) || at + 1;
  }
}
