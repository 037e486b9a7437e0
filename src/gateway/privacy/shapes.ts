// Identifiers of letters and digits, read as a shape: A for a letter, 9 for a digit, with separators between the parts.
import { codeAt, isDigit, isLatin, isWord, type Codes } from "./characters.ts";
import { separatorEnd, wraps } from "./separators.ts";

const MOST = 40;

/** One bit for each character, the first the lowest: which of them are asked about, and which are digits. */
export type Shape = { readonly count: number; readonly asked: number; readonly digits: number };

/** `A` a letter, `9` a digit, `*` either. */
export function shape(drawn: string): Shape {
  const bits = (isMeant: (one: string) => boolean): number =>
    Array.from(drawn).reduce((mask, one, n) => (isMeant(one) ? mask | (1 << n) : mask), 0);
  return { count: drawn.length, asked: bits((one) => one !== "*"), digits: bits((one) => one === "9") };
}

/** The characters of one identifier, upper case, without its separators, and where each of them ends. */
export class Letters {
  readonly #codes = new Uint8Array(MOST);
  readonly #ends = new Int32Array(MOST);
  #count = 0;
  /** As in Shape; of what stands behind the 31st character nothing is asked. */
  #digits = 0;
  /** Before which characters a separator stands. */
  #parted = 0;
  /** Which one is the first in lower case. */
  #firstLower = MOST;
  #text: Codes = new Uint8Array(0);

  /** Reads at most `most` letters and digits from `start` on, over single separators. */
  read(codes: Codes, start: number, most: number): void {
    this.#begin(codes);
    let at = start;
    let mayWrap = true;
    while (this.#count < most) {
      const code = codeAt(codes, at);
      if (isDigit(code) || isLatin(code)) {
        at += 1;
        this.#take(code, at);
        continue;
      }
      const next = separatorEnd(codes, at, mayWrap);
      if (next === at || !isWord(codeAt(codes, next))) return;
      mayWrap &&= !wraps(codes, at, next);
      if (this.#count > 0 && this.#count < 32) this.#parted |= 1 << this.#count;
      at = next;
    }
  }

  #begin(codes: Codes): void {
    this.#text = codes;
    this.#count = 0;
    this.#digits = 0;
    this.#parted = 0;
    this.#firstLower = MOST;
  }

  #take(code: number, end: number): void {
    const n = this.#count;
    const isLower = code >= 0x61;
    if (isLower && this.#firstLower === MOST) this.#firstLower = n;
    if (n < 32 && code < 0x40) this.#digits |= 1 << n;
    this.#codes[n] = isLower ? code - 0x20 : code;
    this.#ends[n] = end;
    this.#count = n + 1;
  }

  /** Whether none of the first `count` was written in lower case. */
  isUpper(count: number): boolean {
    return this.#firstLower >= count;
  }

  /** How many parts the first `count` are written in. */
  parts(count: number): number {
    let parts = 1;
    for (let n = 1; n < count; n += 1) if (this.isParted(n)) parts += 1;
    return parts;
  }

  code(n: number): number {
    return n < this.#count ? (this.#codes[n] ?? 0) : 0;
  }

  /** All that was read: what stands behind `count` is of another identifier. */
  get codes(): Codes {
    return this.#codes;
  }

  digit(n: number): number {
    return this.code(n) - 0x30;
  }

  fits({ count, asked, digits }: Shape): boolean {
    return this.#count >= count && (this.#digits & asked) === digits;
  }

  /** The end of the first `count` characters; 0 when a word goes on there. */
  endOf(count: number): number {
    const end = this.#ends[count - 1] ?? 0;
    return count > this.#count || isWord(codeAt(this.#text, end)) ? 0 : end;
  }

  /** Whether a separator stands before character `n`. */
  isParted(n: number): boolean {
    return ((this.#parted >>> n) & 1) === 1;
  }
}
