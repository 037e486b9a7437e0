// Where a row of characters ends. Remembered, since much may seem to begin in one row: base64 is a single word with thousands
// of digits in it, and to follow it to its end from each of them would take the square of its length.
import { isDigit, isLatin, isWord, type Codes } from "./characters.ts";

/** By code: letters of any script and digits. */
export const WORDS = members(isWord);

/** By code: what keys are written in. */
export const KEYS = members((code) => isDigit(code) || isLatin(code) || code === 0x2d || code === 0x5f);

function members(isMember: (code: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (isMember(code) ? 1 : 0));
}

export class Row {
  readonly #members: Uint8Array;
  #from = 0;
  #end = 0;

  constructor(rowMembers: Uint8Array) {
    this.#members = rowMembers;
  }

  /** Before another text. */
  forget(): void {
    this.#end = 0;
  }

  /** The end of what stands in a row from `from` on. */
  endOf(codes: Codes, from: number): number {
    if (from >= this.#from && from < this.#end) return this.#end;
    const isMember = this.#members;
    let end = from;
    while (isMember[codes[end] ?? 0] === 1) end += 1;
    this.#from = from;
    this.#end = end;
    return end;
  }
}
