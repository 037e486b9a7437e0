// Finds personal data in one text, in one pass. It looks only where something can begin: at a digit, an @, the few
// characters that keys begin with, and, with dictionaries, at words. From there each recogniser reads a bounded stretch, so
// the time grows with the text's length and with nothing else, whatever the text is.
import { Anchors, AT, CAPITAL, DIGIT, HYPHEN, NAME, QUAINT, UNDERSCORE } from "./anchors.ts";
import { codeAt, isLatin, isWord } from "./characters.ts";
import { findKey, findPrivateKey, mayBeKey } from "./credentials.ts";
import { DigitAnchor } from "./digit-anchor.ts";
import { findEmail } from "./internet.ts";
import type { Findings } from "./kinds.ts";
import type { NameList } from "./names.ts";
import { Page } from "./page.ts";
import { Pairs } from "./pairs.ts";
import { findUrlPassword } from "./passwords.ts";
import { isPlaceholderAt, PLACEHOLDER_LENGTH } from "./placeholder.ts";

/** The last two letters before a key's first hyphen or underscore: sk-, ghp_, xoxb-, glpat-, github_pat_ and so on. */
const KEY_ENDS = new Pairs("sk rk pk hp ho hu hs hr ub at xb xp xa xs pp pm hf op pi".split(" "));

const PLAIN = new Anchors(false);
const WITH_NAMES = new Anchors(true);

export class Scanner {
  readonly #anchors: Anchors;
  readonly #names: NameList | undefined;
  readonly #page = new Page();
  readonly #digits = new DigitAnchor(this.#page);

  constructor(names?: NameList) {
    this.#names = names;
    this.#anchors = names === undefined ? PLAIN : WITH_NAMES;
  }

  /** `hint`: what the keys speak of under which the text stands. */
  scan(text: string, hint = 0): Findings {
    this.#page.open(text, hint);
    this.#run(text.length);
    return this.#page.found;
  }

  /** A function of its own with nothing behind the loop: it is compiled while it runs, and stays so. */
  #run(length: number): void {
    const anchors = this.#anchors;
    const { codes, pairs } = this.#page;
    let at = anchors.next(codes, pairs, 0);
    while (at < length) {
      const anchor = anchors.single[codes[at] ?? 0];
      const word = anchor === NAME ? this.#passWords(at) : at;
      // Whatever a recogniser answers, the scan goes forward.
      const from = word > at ? word : this.#stopIn(at + 1, this.#look(anchor, at));
      at = anchors.next(codes, pairs, from);
    }
  }

  /** What is stepped over as a word may hold what looks like a pseudonym: there the scan stops. */
  #stopIn(from: number, to: number): number {
    if (to <= from) return from;
    const { codes, foundUpTo } = this.#page;
    for (let at = Math.max(from, foundUpTo); at < to; at += 1) {
      if ((codeAt(codes, at) | 0x20) === 0x71) return at;
    }
    return to;
  }

  /** Looks at one anchor and answers where to go on, which is always further on. */
  #look(anchor: number | undefined, at: number): number {
    switch (anchor) {
      case DIGIT:
        return this.#digits.look(at);
      case AT:
        return Math.max(findEmail(this.#page, at), findUrlPassword(this.#page, at), at + 1);
      case QUAINT:
        return this.#lookAtQ(at);
      case CAPITAL:
        return this.#lookAtA(at);
      case HYPHEN:
        return findPrivateKey(this.#page, at) || this.#keyBefore(at) || at + 1;
      case UNDERSCORE:
        return this.#keyBefore(at) || at + 1;
      default:
        return this.#lookAtWord(at);
    }
  }

  #lookAtQ(at: number): number {
    const { text, codes } = this.#page;
    const isPseudonym = (codeAt(codes, at + 1) | 0x20) === 0x69 && isPlaceholderAt(text, at);
    return isPseudonym ? this.#page.find("literal", at, at + PLACEHOLDER_LENGTH) : this.#lookAtWord(at);
  }

  /** AKIA, ASIA, AIza, AGE-SECRET-KEY: the keys that begin with a capital A. */
  #lookAtA(at: number): number {
    const { codes } = this.#page;
    const mayBegin = mayBeKey(codes, at) && !isWord(codeAt(codes, at - 1));
    return (mayBegin ? findKey(this.#page, at) : 0) || this.#lookAtWord(at);
  }

  /** Keys whose beginning ends in a hyphen or an underscore, and that may hold no digit at all. */
  #keyBefore(at: number): number {
    const { codes } = this.#page;
    if (!KEY_ENDS.has(codeAt(codes, at - 2), codeAt(codes, at - 1))) return 0;
    let start = at;
    while (at - start < 11 && isLatin(codeAt(codes, start - 1))) start -= 1;
    return start === at || isWord(codeAt(codes, start - 1)) ? 0 : findKey(this.#page, start);
  }

  /** Only with names is any letter an anchor. */
  #passWords(at: number): number {
    return this.#names?.pass(this.#page, this.#anchors.single, at) ?? at;
  }

  #lookAtWord(at: number): number {
    const names = this.#names;
    if (names === undefined) return at + 1;
    return names.find(this.#page, at) || at + 1;
  }
}
