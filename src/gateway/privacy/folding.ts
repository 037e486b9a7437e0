// Turns a text into its codes. Recognisers look at most characters several times, and a byte of an array is read five times
// as fast as a character of a string, whose form has to be looked up each time.
import { FOLD, type Codes } from "./characters.ts";

/** Zeros behind the text: no recogniser looks further ahead than this without having seen a character in between. */
const MARGIN = 64;

/** Shorter texts are folded sooner than they are handed over to be copied. */
const SHORT = 32;

/** Room that is kept for the next text. */
const MOST_KEPT = 1024 * 1024;

const BLOCK = 4096;

/** Of two UTF-16 units: the bits that no ASCII character has. */
const BEYOND_ASCII = 0xff80_ff80;

export class Folding {
  #codes = new Uint8Array(4096);
  #bytes = Buffer.from(this.#codes.buffer);
  #pairs = new Uint16Array(this.#codes.buffer);
  /** What a text is copied into that is not ASCII. */
  readonly #units = new Uint16Array(BLOCK);
  readonly #twice = new Int32Array(this.#units.buffer);
  readonly #copy = Buffer.from(this.#units.buffer);

  /** The codes hold until the next text is folded. */
  fold(text: string): Codes {
    const { length } = text;
    this.#makeRoom(length + MARGIN);
    if (length <= SHORT) this.#foldShort(text);
    // ASCII is its own folding.
    else if (Buffer.byteLength(text) === length) this.#bytes.write(text, 0, length, "latin1");
    else this.#foldBlocks(text);
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
  }

  #foldShort(text: string): void {
    const codes = this.#codes;
    for (let at = 0; at < text.length; at += 1) codes[at] = FOLD[text.charCodeAt(at)] ?? 0;
  }

  /** In most texts that are not ASCII, nearly all blocks are. */
  #foldBlocks(text: string): void {
    for (let at = 0; at < text.length; at += BLOCK) {
      const block = text.slice(at, at + BLOCK);
      if (Buffer.byteLength(block) === block.length) this.#bytes.write(block, at, block.length, "latin1");
      else this.#foldWide(block, at);
    }
  }

  /** Two units at a time, since most are ASCII here as well. `from` is even. */
  #foldWide(block: string, from: number): void {
    const units = this.#units;
    const twice = this.#twice;
    const codes = this.#codes;
    const pairs = this.#pairs;
    this.#copy.write(block, 0, block.length * 2, "utf16le");
    for (let n = 0; 2 * n < block.length; n += 1) {
      const two = twice[n] ?? 0;
      const at = from + 2 * n;
      if ((two & BEYOND_ASCII) === 0) {
        pairs[at >>> 1] = two | (two >>> 8);
        continue;
      }
      codes[at] = FOLD[units[2 * n] ?? 0] ?? 0;
      codes[at + 1] = FOLD[units[2 * n + 1] ?? 0] ?? 0;
    }
  }
}
