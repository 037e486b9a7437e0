// Groups of digits with something between them: `943 476 5919`, `12-34-56`, also over a line's end.
import type { Digits } from "./checksums.ts";
import { foldAt, isDigit, isLetter } from "./characters.ts";
import { separatorEnd, wraps } from "./separators.ts";

const MOST_GROUPS = 11;
const MOST_DIGITS = 32;

export class Groups {
  readonly digits: Digits = new Uint8Array(MOST_DIGITS + 8);
  readonly #starts = new Int32Array(MOST_GROUPS);
  readonly #ends = new Int32Array(MOST_GROUPS);
  /** Digits up to and with each group. */
  readonly #totals = new Int32Array(MOST_GROUPS);
  #count = 0;
  #text = "";

  /** Reads the groups that begin at `start`, which is a digit. */
  read(text: string, start: number): void {
    this.#text = text;
    this.#count = 0;
    let at = start;
    let total = 0;
    let mayWrap = true;
    while (this.#count < MOST_GROUPS && total < MOST_DIGITS) {
      this.#starts[this.#count] = at;
      let code = foldAt(text, at);
      for (; isDigit(code) && total < MOST_DIGITS; code = foldAt(text, at)) {
        this.digits[total] = code - 0x30;
        total += 1;
        at += 1;
      }
      this.#ends[this.#count] = at;
      this.#totals[this.#count] = total;
      this.#count += 1;
      const next = separatorEnd(text, at, mayWrap);
      if (next === at || !isDigit(foldAt(text, next))) return;
      mayWrap &&= !wraps(text, at, next);
      at = next;
    }
  }

  /** Whether the digits at `start` may begin an identifier, by how long their first two groups are. */
  static mayBegin(text: string, start: number, hasWords: boolean): boolean {
    const end = digitsEnd(text, start);
    const length = end - start;
    if (length === 10 || length >= 12) return true;
    if (length > 10 || length === 7) return false;
    // Eight and nine digits mean something beside a word only, and so do pairs.
    if (length >= 8) return hasWords;
    const next = separatorEnd(text, end, true);
    if (next === end) return length === 6 && hasWords;
    const second = digitsEnd(text, next) - next;
    if (length === 3) return second === 3 || second === 4 || second === 7;
    if (length === 4) return second === 4 || second === 6 || second === 3;
    if (length === 5) return second === 5;
    return length === 6 ? second === 4 || hasWords : hasWords && second === length;
  }

  get count(): number {
    return this.#count;
  }

  length(group: number): number {
    return (this.#totals[group] ?? 0) - (group === 0 ? 0 : (this.#totals[group - 1] ?? 0));
  }

  end(group: number): number {
    return this.#ends[group] ?? 0;
  }

  start(group: number): number {
    return this.#starts[group] ?? 0;
  }

  /** The group with which there are exactly `total` digits, and with which the number may end; -1 for none. */
  endingAt(total: number): number {
    for (let group = 0; group < this.#count; group += 1) {
      const sum = this.#totals[group] ?? 0;
      if (sum === total) return this.#mayEnd(group) ? group : -1;
      if (sum > total) return -1;
    }
    return -1;
  }

  /** The lengths of the groups up to this one, four bits each. */
  shape(last: number): number {
    let shape = this.length(0);
    for (let group = 1; group <= last; group += 1) shape = shape * 16 + this.length(group);
    return shape;
  }

  /** A number does not go on with a letter, nor with a hyphen or a dot and more digits. */
  #mayEnd(group: number): boolean {
    const end = this.end(group);
    if (isLetter(foldAt(this.#text, end))) return false;
    if (group + 1 >= this.#count) return true;
    for (let at = end; at < this.start(group + 1); at += 1) {
      const code = foldAt(this.#text, at);
      if (code === 0x2d || code === 0x2e) return false;
    }
    return true;
  }
}

function digitsEnd(text: string, start: number): number {
  let at = start;
  while (isDigit(foldAt(text, at))) at += 1;
  return at;
}

/** `3-3-4` as a shape. */
export function shapeOf(lengths: string): number {
  return lengths.split("-").reduce((shape, length) => shape * 16 + Number(length), 0);
}
