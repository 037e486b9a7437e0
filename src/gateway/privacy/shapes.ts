// Identifiers of letters and digits, read as a shape: A for a letter, 9 for a digit, with separators between the parts.
import { codeAt, isDigit, isLatin, isWord, type Codes } from "./characters.ts";
import { separatorEnd, wraps } from "./separators.ts";

const MOST = 40;

/** Of what stands behind it nothing is asked that needs a bit. */
const MOST_SHAPED = 31;

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
  /** As in Shape. */
  #digits = 0;
  /** Before which characters a separator stands. */
  #parted = 0;
  /** Which one is the first in lower case. */
  #firstLower = MOST;
  #text: Codes = new Uint8Array(0);

  /** Reads at most `most` letters and digits from `start` on, over single separators. */
  read(codes: Codes, start: number, most: number): void {
    let count = 0;
    let parted = 0;
    let at = start;
    let mayWrap = true;
    while (count < most) {
      const code = codeAt(codes, at);
      if (isDigit(code) || isLatin(code)) {
        at += 1;
        this.#codes[count] = code;
        this.#ends[count] = at;
        count += 1;
        continue;
      }
      const next = separatorEnd(codes, at, mayWrap);
      if (next === at || !isWord(codeAt(codes, next))) break;
      mayWrap &&= !wraps(codes, at, next);
      if (count > 0 && count < MOST_SHAPED) parted |= 1 << count;
      at = next;
    }
    this.#text = codes;
    this.#count = count;
    this.#parted = parted;
    this.#classify();
  }

  /** Notes which are digits and which the first in lower case is, and makes all upper case. */
  #classify(): void {
    let digits = 0;
    let firstLower = MOST;
    for (let n = this.#count - 1; n >= 0; n -= 1) {
      const code = this.#codes[n] ?? 0;
      if (code < 0x40) digits = n < MOST_SHAPED ? digits | (1 << n) : digits;
      else if (code >= 0x61) {
        this.#codes[n] = code - 0x20;
        firstLower = n;
      }
    }
    this.#digits = digits;
    this.#firstLower = firstLower;
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
