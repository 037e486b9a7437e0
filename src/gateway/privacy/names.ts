// Names that the estate knows: its clients, deals and staff. Found at the beginnings of words, whatever their case, accents
// and spaces; a filter of the first words' hashes lets nearly all words of a text pass without a string made of them.
import { codeAt, foldedWord, INVISIBLE, isLatin, isLetter, isWord, type Codes } from "./characters.ts";
import type { Kind } from "./kinds.ts";
import type { Page } from "./page.ts";
import { separatorEnd } from "./separators.ts";

export type Dictionary = { readonly kind: Kind; readonly names: readonly string[] };

type Name = { readonly kind: Kind; readonly rest: readonly string[] };

/** A word longer than this is no name's. */
const LONGEST = 48;

/** Bits of a hash that the filter looks at. */
const FILTERED = 0xffff;

export class NameList {
  /** By the first word, the longest name first. */
  readonly #byFirst = new Map<string, Name[]>();
  /** Whether some first word has this hash. */
  readonly #filter = new Uint8Array(FILTERED + 1);

  constructor(dictionaries: readonly Dictionary[]) {
    for (const { kind, names } of dictionaries) for (const name of names) this.#learn(kind, name);
    for (const list of this.#byFirst.values()) list.sort((a, b) => b.rest.length - a.rest.length);
  }

  get isEmpty(): boolean {
    return this.#byFirst.size === 0;
  }

  /** Answers with the end of the name that begins here, or of the word when none does, or 0 inside a word. */
  find(page: Page, at: number): number {
    const { codes } = page;
    if (isWord(codeAt(codes, at - 1))) return 0;
    let hash = 0;
    let end = at;
    for (let code = codeAt(codes, end); isLetter(code) || code === INVISIBLE; code = codeAt(codes, end)) {
      hash = isLatin(code) ? step(hash, code & ~0x20) : stepForeign(hash, page.text.charCodeAt(end));
      end += 1;
    }
    if (end - at > LONGEST || this.#filter[slot(hash)] === 0) return end;
    return this.#findFrom(page, at, end) || end;
  }

  #findFrom(page: Page, at: number, end: number): number {
    for (const { kind, rest } of this.#byFirst.get(wordAt(page, at, end)) ?? []) {
      const last = restEnd(page, end, rest);
      if (last !== 0) return page.find(kind, at, last);
    }
    return 0;
  }

  #learn(kind: Kind, name: string): void {
    const [first, ...rest] = foldedWord(name)
      .split(/[^\p{L}\p{N}]+/u)
      .filter((word) => word !== "");
    if (first === undefined) return;
    const known = this.#byFirst.get(first) ?? [];
    known.push({ kind, rest });
    this.#byFirst.set(first, known);
    this.#filter[slot(hashOf(first))] = 1;
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
  for (let code = codeAt(codes, at); isLetter(code) || code === INVISIBLE; code = codeAt(codes, at)) at += 1;
  return at;
}

/** The end of the words that must follow; 0 when they do not. */
function restEnd(page: Page, from: number, rest: readonly string[]): number {
  const { codes } = page;
  let at = from;
  for (const wanted of rest) {
    const mark = codeAt(codes, at);
    const start = separatorEnd(codes, mark === 0x27 || mark === 0x26 ? at + 1 : at, true);
    if (start === at) return 0;
    const end = wordEnd(codes, start);
    if (wordAt(page, start, end) !== wanted) return 0;
    at = end;
  }
  return isWord(codeAt(codes, at)) ? 0 : at;
}
