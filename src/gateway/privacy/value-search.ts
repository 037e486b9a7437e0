// Looks for many known values in a text, in one pass that stops only where one of them may begin.

export type Value = { readonly text: string; readonly kind: number };

export type Triple = readonly [start: number, end: number, kind: number];

/** Values are told apart by so many characters, and have at least as many. */
export const SHORTEST = 5;

const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;

export class ValueSearch {
  readonly #byBeginning: ReadonlyMap<string, readonly Value[]>;
  /** By the low bytes of two characters: whether a value may begin with them. */
  readonly #pairs = new Uint8Array(65_536);

  constructor(values: readonly Value[]) {
    this.#byBeginning = Map.groupBy(values, ({ text }) => text.slice(0, SHORTEST));
    for (const { text } of values) this.#pairs[pairAt(text, 0)] = 1;
  }

  /** In order; they may overlap. What is a part of a longer word or number is another one. */
  in(text: string): Triple[] {
    const found: Triple[] = [];
    const last = text.length - SHORTEST;
    for (let at = 0; at <= last; at += 1) {
      if (this.#pairs[pairAt(text, at)] === 1 && !isInWord(text, at - 1)) this.#take(text, at, found);
    }
    return found;
  }

  #take(text: string, at: number, found: Triple[]): void {
    for (const { text: value, kind } of this.#byBeginning.get(text.slice(at, at + SHORTEST)) ?? []) {
      const end = at + value.length;
      if (text.startsWith(value, at) && !isInWord(text, end)) found.push([at, end, kind]);
    }
  }
}

function pairAt(text: string, at: number): number {
  return ((text.charCodeAt(at) & 0xff) << 8) | (text.charCodeAt(at + 1) & 0xff);
}

function isInWord(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 0x80) return (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a);
  return LETTER_OR_DIGIT.test(text.charAt(at));
}
