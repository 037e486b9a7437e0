// Names that the estate knows: its clients, deals and staff. Found at the beginnings of words, whatever their case, accents
// and spaces; a filter of the words' first two letters lets nearly all words of a text pass unread.
import { foldAt, foldedWord, INVISIBLE, isLetter, isWord } from "./characters.ts";
import type { Kind } from "./kinds.ts";
import type { Page } from "./page.ts";
import { separatorEnd } from "./separators.ts";

export type Dictionary = { readonly kind: Kind; readonly names: readonly string[] };

type Name = { readonly kind: Kind; readonly rest: readonly string[] };

/** A word longer than this is no name's. */
const LONGEST = 48;

export class NameList {
  /** By the first word, the longest name first. */
  readonly #byFirst = new Map<string, Name[]>();
  readonly #beginnings = new Set<number>();

  constructor(dictionaries: readonly Dictionary[]) {
    for (const { kind, names } of dictionaries) for (const name of names) this.#learn(kind, name);
    for (const list of this.#byFirst.values()) list.sort((a, b) => b.rest.length - a.rest.length);
  }

  get isEmpty(): boolean {
    return this.#byFirst.size === 0;
  }

  /** Answers with the end of the name that begins here, or of the word when none does, or 0 inside a word. */
  find(page: Page, at: number): number {
    const { text } = page;
    if (isWord(foldAt(text, at - 1))) return 0;
    const end = wordEnd(text, at);
    if (end - at > LONGEST || !this.#mayBegin(text, at)) return end;
    const names = this.#byFirst.get(wordAt(text, at, end));
    if (names === undefined) return end;
    for (const { kind, rest } of names) {
      const last = restEnd(text, end, rest);
      if (last !== 0) return page.find(kind, at, last);
    }
    return end;
  }

  #learn(kind: Kind, name: string): void {
    const [first, ...rest] = foldedWord(name)
      .split(/[^\p{L}\p{N}]+/u)
      .filter((word) => word !== "");
    if (first === undefined) return;
    const known = this.#byFirst.get(first) ?? [];
    known.push({ kind, rest });
    this.#byFirst.set(first, known);
    this.#beginnings.add(beginning(first.charCodeAt(0)));
  }

  #mayBegin(text: string, at: number): boolean {
    const code = text.charCodeAt(at);
    return code >= 0x80 || this.#beginnings.has(beginning(code));
  }
}

function beginning(code: number): number {
  return code < 0x80 ? code & ~0x20 : 0;
}

function wordAt(text: string, from: number, to: number): string {
  return foldedWord(text.slice(from, to));
}

/** Letters, digits, and what is not seen. */
function wordEnd(text: string, from: number): number {
  let at = from;
  for (let code = foldAt(text, at); isLetter(code) || code === INVISIBLE; code = foldAt(text, at)) at += 1;
  return at;
}

/** The end of the words that must follow; 0 when they do not. */
function restEnd(text: string, from: number, rest: readonly string[]): number {
  let at = from;
  for (const wanted of rest) {
    const mark = foldAt(text, at);
    const start = separatorEnd(text, mark === 0x27 || mark === 0x26 ? at + 1 : at, true);
    if (start === at) return 0;
    const end = wordEnd(text, start);
    if (wordAt(text, start, end) !== wanted) return 0;
    at = end;
  }
  return isWord(foldAt(text, at)) ? 0 : at;
}
