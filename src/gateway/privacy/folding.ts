// Turns a text into its codes. Recognisers look at most characters several times, and a byte of an array is read five times
// as fast as a character of a string, whose form has to be looked up each time.
import { FOLD, type Codes } from "./characters.ts";

/** Zeros behind the text: no recogniser looks further ahead than this without having seen a character in between. */
const MARGIN = 64;

/** Shorter texts are folded sooner than they are handed over to be copied. */
const SHORT = 32;

/** Room that is kept for the next text. */
const MOST_KEPT = 1024 * 1024;

export class Folding {
  #codes = new Uint8Array(4096);
  #bytes = Buffer.from(this.#codes.buffer);
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

  #makeRoom(length: number): void {
    const has = this.#codes.length;
    if (has >= length && (has <= MOST_KEPT || length > MOST_KEPT)) return;
    this.#codes = new Uint8Array(Math.max(length, Math.min(2 * length, MOST_KEPT)));
    this.#bytes = Buffer.from(this.#codes.buffer);
    this.#units = new Uint16Array(0);
  }

  #foldShort(text: string): void {
    const codes = this.#codes;
    for (let at = 0; at < text.length; at += 1) codes[at] = FOLD[text.charCodeAt(at)] ?? 0;
  }

  #foldWide(text: string): void {
    if (this.#units.length < text.length) this.#units = new Uint16Array(this.#codes.length);
    const units = this.#units;
    const codes = this.#codes;
    Buffer.from(units.buffer).write(text, 0, text.length * 2, "utf16le");
    for (let at = 0; at < text.length; at += 1) codes[at] = FOLD[units[at] ?? 0] ?? 0;
  }
}
