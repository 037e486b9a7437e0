// Names that the estate knows: its clients, deals and staff. Found at the beginnings of words, whatever their case, accents
// and spaces; a filter of the first words' hashes lets nearly all words of a text pass without a string made of them.
import { NAME } from "./anchors.ts";
import { codeAt, foldedWord, INVISIBLE, isLatin, isLetter, isWord, type Codes } from "./characters.ts";
import type { Kind } from "./kinds.ts";
import type { Page } from "./page.ts";
import { separatorEnd } from "./separators.ts";

export type Dictionary = { readonly kind: Kind; readonly names: readonly string[] };

/** The words that names begin with: what ends here, and what goes on. */
type Beginning = { kind?: Kind; readonly next: Map<string, Beginning> };

/** A word longer than this is no name's. */
const LONGEST = 48;

/** What a name's words are written in, by code: capitals for ASCII letters, this for others and for what is not seen. */
const FOREIGN = 1;
const IN_NAMES = Uint8Array.from({ length: 256 }, (_, code) =>
  isLatin(code) ? code & ~0x20 : isLetter(code) || code === INVISIBLE ? FOREIGN : 0,
);

const Q = 0x51;

/** Bits of a hash that the filter looks at. */
const FILTERED = 0xffff;

export class NameList {
  readonly #names: Beginning = { next: new Map() };
  /** Whether some first word has this hash. */
  readonly #filter = new Uint8Array(FILTERED + 1);

  constructor(dictionaries: readonly Dictionary[]) {
    for (const { kind, names } of dictionaries) for (const name of names) this.#learn(kind, name);
  }

  get isEmpty(): boolean {
    return this.#names.next.size === 0;
  }

  /**
   * Steps from `at`, a letter, over words with which no name begins. Answers with the first that one may begin with or that
   * holds a Q, or with what else the scan stops at.
   */
  pass(page: Page, anchors: Uint8Array, at: number): number {
    const { codes } = page;
    let from = at;
    while (anchors[codes[from] ?? 0] === NAME) {
      const end = this.#passWord(page, from);
      if (end === from) return from;
      from = end;
      while (anchors[codes[from] ?? 0] === 0) from += 1;
    }
    return from;
  }

  /** The end of the word that begins at `from`; `from` itself when it has to be looked at. */
  #passWord({ text, codes }: Page, from: number): number {
    // Behind a digit it is the inside of a word.
    if (isWord(codeAt(codes, from - 1))) return from + 1;
    let hash = 0;
    let end = from;
    for (let letter = IN_NAMES[codes[end] ?? 0] ?? 0; letter !== 0; letter = IN_NAMES[codes[end] ?? 0] ?? 0) {
      if (letter === Q) return from;
      hash = letter === FOREIGN ? stepForeign(hash, text.charCodeAt(end)) : step(hash, letter);
      end += 1;
    }
    return this.#filter[slot(hash)] === 0 ? end : from;
  }

  /** Answers with the end of the name that begins here, or of the word when none does, or 0 inside a word. */
  find(page: Page, at: number): number {
    if (isWord(codeAt(page.codes, at - 1))) return 0;
    const end = wordEnd(page.codes, at);
    return (end - at > LONGEST ? 0 : this.#findFrom(page, at, end)) || end;
  }

  /** Goes on word by word as long as some name does, and takes the longest that ends on the way. */
  #findFrom(page: Page, start: number, firstEnd: number): number {
    const { codes } = page;
    let kind: Kind | undefined;
    let last = 0;
    let from = start;
    let end = firstEnd;
    let name = this.#names.next.get(wordAt(page, from, end));
    while (name !== undefined) {
      if (name.kind !== undefined && !isWord(codeAt(codes, end))) {
        kind = name.kind;
        last = end;
      }
      from = name.next.size === 0 ? end : nextWord(codes, end);
      if (from === end) break;
      end = wordEnd(codes, from);
      name = name.next.get(wordAt(page, from, end));
    }
    return kind === undefined ? 0 : page.find(kind, start, last);
  }

  #learn(kind: Kind, name: string): void {
    const words = foldedWord(name)
      .split(/[^\p{L}\p{N}]+/u)
      .filter((word) => word !== "");
    if (words[0] === undefined) return;
    this.#filter[slot(hashOf(words[0]))] = 1;
    let known = this.#names;
    for (const word of words) {
      const further = known.next.get(word) ?? { next: new Map() };
      known.next.set(word, further);
      known = further;
    }
    known.kind ??= kind;
  }
}

function step(hash: number, code: number): number {
  return (Math.imul(hash, 31) + code) | 0;
}

function slot(hash: number): number {
  return (hash ^ (hash >>> 16)) & FILTERED;
}

/** Of a word that is folded. */
function hashOf(word: string, from = 0): number {
  let hash = from;
  for (let at = 0; at < word.length; at += 1) hash = step(hash, word.charCodeAt(at));
  return hash;
}

const foreign = new Map<number, string>();

/** A letter beyond ASCII counts as what it is folded to, letter by letter: é as E, ß as SS. */
function stepForeign(hash: number, code: number): number {
  let folded = foreign.get(code);
  if (folded === undefined) {
    folded = foldedWord(String.fromCharCode(code));
    foreign.set(code, folded);
  }
  return hashOf(folded, hash);
}

function wordAt({ text }: Page, from: number, to: number): string {
  return foldedWord(text.slice(from, to));
}

/** Letters, and what is not seen. */
function wordEnd(codes: Codes, from: number): number {
  let at = from;
  while (IN_NAMES[codeAt(codes, at)] !== 0) at += 1;
  return at;
}

/** Behind one separator, an apostrophe or an ampersand; `at` where no word follows. */
function nextWord(codes: Codes, at: number): number {
  const mark = codeAt(codes, at);
  return separatorEnd(codes, mark === 0x27 || mark === 0x26 ? at + 1 : at, true);
}
