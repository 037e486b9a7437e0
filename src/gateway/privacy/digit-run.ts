// Digits in a row, and what stands on either side: read once, and asked about by all that a number may be.
import { codeAt, isDigit, type Codes } from "./characters.ts";
import { separatorEnd } from "./separators.ts";

export class DigitRun {
  codes: Codes = new Uint8Array(0);
  start = 0;
  end = 0;
  /** The characters right before and right behind. */
  before = 0;
  after = 0;
  /** Behind the separator that follows, or `end`; and what stands there. */
  next = 0;
  follows = 0;

  /** Reads the digits from `start` on. */
  read(codes: Codes, start: number): void {
    let end = start + 1;
    while (isDigit(codeAt(codes, end))) end += 1;
    this.codes = codes;
    this.start = start;
    this.end = end;
    this.before = codeAt(codes, start - 1);
    this.after = codeAt(codes, end);
    this.next = separatorEnd(codes, end, true);
    this.follows = codeAt(codes, this.next);
  }

  get length(): number {
    return this.end - this.start;
  }
}
