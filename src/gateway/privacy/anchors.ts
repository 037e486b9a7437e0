// Where something can begin: at a digit, an @, a Q, a hyphen, an underscore and a capital A; with dictionaries at any letter.
// All else is stepped over, two characters at a time: that is most of what a scan does.
import { isDigit, isLatin, LETTER, type Codes } from "./characters.ts";

export const DIGIT = 1;
export const AT = 2;
export const QUAINT = 3;
export const CAPITAL = 4;
export const HYPHEN = 5;
export const UNDERSCORE = 6;
export const NAME = 7;
/** Behind the text, so that nobody has to count. */
const END = 8;

/** What may begin with a character; 0 for nothing. */
function anchor(code: number, withNames: boolean): number {
  if (isDigit(code)) return DIGIT;
  if (code === 0) return END;
  if (code === 0x40) return AT;
  if ((code | 0x20) === 0x71) return QUAINT;
  if (code === 0x41) return CAPITAL;
  if (code === 0x2d) return HYPHEN;
  if (code === 0x5f) return UNDERSCORE;
  return withNames && (isLatin(code) || code === LETTER) ? NAME : 0;
}

/** Whether something may begin at the first of two characters: Q and A mean something before few others only. */
function isAnchorBefore(kind: number, second: number): boolean {
  if (kind === QUAINT) return (second | 0x20) === 0x69;
  // AKIA, ASIA, AIza, AGE-SECRET-KEY.
  if (kind === CAPITAL) return second === 0x4b || second === 0x53 || second === 0x49 || second === 0x47;
  return kind !== 0;
}

export class Anchors {
  /** By code. */
  readonly single: Uint8Array;
  /** By two codes as they lie in memory: whether either is an anchor. */
  readonly #pairs: Uint8Array;

  constructor(withNames: boolean) {
    this.single = Uint8Array.from({ length: 256 }, (_, code) => anchor(code, withNames));
    this.#pairs = pairsOf(this.single, withNames);
  }

  /** The first anchor from `from` on, or the text's end. */
  next(codes: Codes, pairs: Uint16Array, from: number): number {
    const { single } = this;
    if (single[codes[from] ?? 0] !== 0) return from;
    const isAnchor = this.#pairs;
    let pair = (from + 1) >>> 1;
    while (isAnchor[pairs[pair] ?? 0] === 0) pair += 1;
    const at = pair * 2;
    return single[codes[at] ?? 0] === 0 ? at + 1 : at;
  }
}

function pairsOf(single: Uint8Array, withNames: boolean): Uint8Array {
  const pairs = new Uint8Array(1 << 16);
  const both = new Uint8Array(2);
  const asRead = new Uint16Array(both.buffer);
  for (let n = 0; n < pairs.length; n += 1) {
    asRead[0] = n;
    const [first = 0, second = 0] = both;
    const kind = single[first] ?? 0;
    const isFirst = withNames ? kind !== 0 : isAnchorBefore(kind, second);
    pairs[n] = isFirst || single[second] !== 0 ? 1 : 0;
  }
  return pairs;
}
