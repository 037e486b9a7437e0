// Turns a text into its codes. Recognisers look at most characters several times, and a byte of an array is read five times
// as fast as a character of a string, whose form has to be looked up each time.
import { FOLD, type Codes } from "./characters.ts";

/** Zeros behind the text: no recogniser looks further ahead than this without having seen a character in between. */
const MARGIN = 64;

/** Shorter texts are folded sooner than they are handed over to be copied. */
const SHORT = 32;

/** Room that is kept for the next text. */
const MOST_KEPT = 1024 * 1024;

/** Of two UTF-16 units: the bits that no ASCII character has. */
const BEYOND_ASCII = 0xff80_ff80;

export class Folding {
  #codes = new Uint8Array(4096);
  #bytes = Buffer.from(this.#codes.buffer);
  #pairs = new Uint16Array(this.#codes.buffer);
  /** What a text is copied into that is not ASCII. */
  #units = new Uint16Array(0);

  /** The codes hold until the next text is folded. */
  fold(text: string): Codes {
    const { length } = text;
    this.#makeRoom(length + MARGIN);
    if (length <= SHORT) this.#foldShort(text);
    // ASCII is its own folding.
    else if (Buffer.byteLength(text) === length) this.#bytes.write(text, 0, length, "latin1");
    else this.#foldWide(text);
    this.#codes.fill(0, length, length + MARGIN);
    return this.#codes;
  }

  /** The codes, two at a time. */
  get pairs(): Uint16Array {
    return this.#pairs;
  }

  #makeRoom(length: number): void {
    const has = this.#codes.length;
    if (has >= length && (has <= MOST_KEPT || length > MOST_KEPT)) return;
    const even = length + (length % 2);
    this.#codes = new Uint8Array(Math.max(even, Math.min(2 * length, MOST_KEPT)));
    this.#bytes = Buffer.from(this.#codes.buffer);
    this.#pairs = new Uint16Array(this.#codes.buffer);
    this.#units = new Uint16Array(0);
  }

  #foldShort(text: string): void {
    const codes = this.#codes;
    for (let at = 0; at < text.length; at += 1) codes[at] = FOLD[text.charCodeAt(at)] ?? 0;
  }

  /** Two units at a time, since most are ASCII here as well. */
  #foldWide(text: string): void {
    if (this.#units.length < text.length) this.#units = new Uint16Array(this.#codes.length);
    const units = this.#units;
    const codes = this.#codes;
    const pairs = this.#pairs;
    Buffer.from(units.buffer).write(text, 0, text.length * 2, "utf16le");
    const twice = new Int32Array(units.buffer);
    for (let n = 0; 2 * n < text.length; n += 1) {
      const two = twice[n] ?? 0;
      if ((two & BEYOND_ASCII) === 0) {
        pairs[n] = two | (two >>> 8);
        continue;
      }
      codes[2 * n] = FOLD[units[2 * n] ?? 0] ?? 0;
      codes[2 * n + 1] = FOLD[units[2 * n + 1] ?? 0] ?? 0;
    }
  }
}
