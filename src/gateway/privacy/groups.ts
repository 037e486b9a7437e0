// Groups of digits with something between them: `943 476 5919`, `12-34-56`, also over a line's end.
import type { Digits } from "./checksums.ts";
import { codeAt, isDigit, isLetter, type Codes } from "./characters.ts";
import type { DigitRun } from "./digit-run.ts";
import { separatorEnd, wraps } from "./separators.ts";

const MOST_GROUPS = 11;
const MOST_DIGITS = 32;

/** By the length of the first group, those of the second that make an identifier of both. */
const BEGINNINGS: readonly (readonly number[])[] = [[], [], [], [3, 4, 7], [3, 4, 6], [5], [4]];

export class Groups {
  readonly digits: Digits = new Uint8Array(MOST_DIGITS + 8);
  readonly #starts = new Int32Array(MOST_GROUPS);
  readonly #ends = new Int32Array(MOST_GROUPS);
  /** Digits up to and with each group. */
  readonly #totals = new Int32Array(MOST_GROUPS);
  #count = 0;
  #codes: Codes = new Uint8Array(0);

  /** Reads the groups that begin at `start`, which is a digit. */
  read(codes: Codes, start: number): void {
    this.#codes = codes;
    this.#count = 0;
    let at = start;
    let total = 0;
    let mayWrap = true;
    while (this.#count < MOST_GROUPS && total < MOST_DIGITS) {
      this.#starts[this.#count] = at;
      let code = codeAt(codes, at);
      for (; isDigit(code) && total < MOST_DIGITS; code = codeAt(codes, at)) {
        this.digits[total] = code - 0x30;
        total += 1;
        at += 1;
      }
      this.#ends[this.#count] = at;
      this.#totals[this.#count] = total;
      this.#count += 1;
      const next = separatorEnd(codes, at, mayWrap);
      if (next === at || !isDigit(codeAt(codes, next))) return;
      mayWrap &&= !wraps(codes, at, next);
      at = next;
    }
  }

  /** When these digits may begin an identifier, by how long their first two groups are. */
  static mayBegin({ codes, length, end, next }: DigitRun): "never" | "always" | "beside a word" {
    if (length === 10 || length >= 12) return "always";
    if (length > 10 || length === 7) return "never";
    // Eight and nine digits mean something beside a word only, and so do pairs.
    if (length >= 8) return "beside a word";
    const second = next === end ? 0 : digitsEnd(codes, next) - next;
    if (BEGINNINGS[length]?.includes(second) === true) return "always";
    return length === 6 || (length < 3 && second === length) ? "beside a word" : "never";
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
    if (isLetter(codeAt(this.#codes, end))) return false;
    if (group + 1 >= this.#count) return true;
    for (let at = end; at < this.start(group + 1); at += 1) {
      const code = codeAt(this.#codes, at);
      if (code === 0x2d || code === 0x2e) return false;
    }
    return true;
  }
}

function digitsEnd(codes: Codes, start: number): number {
  let at = start;
  while (isDigit(codeAt(codes, at))) at += 1;
  return at;
}

/** `3-3-4` as a shape. */
export function shapeOf(lengths: string): number {
  return lengths.split("-").reduce((shape, length) => shape * 16 + Number(length), 0);
}
