// Identifiers of letters and digits, read as a shape: A for a letter, 9 for a digit, with separators between the parts.
import { foldAt, isDigit, isLatin, isWord } from "./characters.ts";
import { separatorEnd, wraps } from "./separators.ts";

const MOST = 40;

/** The folded characters of one identifier, upper case, without its separators, and where each of them ends. */
export class Letters {
  readonly #codes = new Uint8Array(MOST);
  readonly #ends = new Int32Array(MOST);
  #count = 0;
  /** Where the first one in lower case stands. */
  #firstLower = MOST;
  #text = "";

  /** Reads at most `most` letters and digits from `start` on, over single separators. */
  read(text: string, start: number, most: number): void {
    this.#text = text;
    this.#count = 0;
    this.#firstLower = MOST;
    let at = start;
    let mayWrap = true;
    while (this.#count < Math.min(most, MOST)) {
      const code = foldAt(text, at);
      if (isDigit(code) || isLatin(code)) {
        if (code >= 0x61 && this.#firstLower === MOST) this.#firstLower = this.#count;
        this.#codes[this.#count] = code >= 0x61 ? code - 0x20 : code;
        this.#ends[this.#count] = at + 1;
        this.#count += 1;
        at += 1;
        continue;
      }
      const next = separatorEnd(text, at, mayWrap);
      if (next === at || !isWord(foldAt(text, next))) return;
      mayWrap &&= !wraps(text, at, next);
      at = next;
    }
  }

  get count(): number {
    return this.#count;
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

  /** The first `count` characters. */
  string(count: number): string {
    let text = "";
    for (let n = 0; n < count; n += 1) text += String.fromCharCode(this.code(n));
    return text;
  }

  digit(n: number): number {
    return this.code(n) - 0x30;
  }

  /** `A` a letter, `9` a digit, `*` either. */
  fits(shape: string): boolean {
    if (this.#count < shape.length) return false;
    for (let n = 0; n < shape.length; n += 1) {
      const isNumber = isDigit(this.#codes[n] ?? 0);
      const wanted = shape.charCodeAt(n);
      if (wanted === 0x39 ? !isNumber : wanted === 0x41 && isNumber) return false;
    }
    return true;
  }

  /** The end of the first `count` characters; 0 when a word goes on there. */
  endOf(count: number): number {
    const end = this.#ends[count - 1] ?? 0;
    return count > this.#count || isWord(foldAt(this.#text, end)) ? 0 : end;
  }

  /** Whether a separator stands before character `n`. */
  isParted(n: number): boolean {
    return (this.#ends[n] ?? 0) - (this.#ends[n - 1] ?? 0) > 1;
  }
}
