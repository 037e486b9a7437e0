// One view of characters for all recognisers: whatever stands for a digit, a space or a hyphen anywhere in Unicode is read
// as the ASCII one. A table of 64 KB, made once; ASCII text touches its first two cache lines only.

/** Read from FOLD for letters that are not ASCII, for characters that are not seen, and for all the rest. */
export const LETTER = 0x80;
export const INVISIBLE = 0x81;
const OTHER = 0x82;

export const FOLD = foldTable();

function foldTable(): Uint8Array {
  const table = new Uint8Array(65_536);
  let digit = 0;
  for (let code = 0; code < table.length; code += 1) {
    const isForeign = code >= 0x80 && /\p{Nd}/u.test(String.fromCharCode(code));
    // Each script's digits stand in a row of ten.
    digit = isForeign ? digit + 1 : 0;
    table[code] = isForeign ? 0x30 + ((digit - 1) % 10) : folded(code);
  }
  return table;
}

function folded(code: number): number {
  if (code < 0x80) return code;
  // Full-width forms of ASCII.
  if (code >= 0xff01 && code <= 0xff5e) return code - 0xfee0;
  const character = String.fromCharCode(code);
  // Variation selectors.
  if (code >= 0xfe00 && code <= 0xfe0f) return INVISIBLE;
  if (/[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/.test(character)) return INVISIBLE;
  if (/[\p{Zs}\u2028\u2029\u0085]/u.test(character)) return 0x20;
  if (/[\p{Pd}\u2212\u02d7\u2043\u00b7\u2022\u30fb]/u.test(character)) return 0x2d;
  if (/[\u2018\u2019\u02bc]/.test(character)) return 0x27;
  // Scripts without spaces put their words right beside a number.
  if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u.test(character))
    return OTHER;
  return /[\p{L}\p{M}]/u.test(character) ? LETTER : OTHER;
}

/** A whole text read through FOLD, one byte a character, with zeros behind the last. */
export type Codes = Uint8Array;

/** 0 behind either end. */
export function codeAt(codes: Codes, at: number): number {
  return at < 0 ? 0 : (codes[at] ?? 0);
}

// Each of these is asked several times a character: one comparison, since what is too small becomes very large.

export function isDigit(code: number): boolean {
  return (code - 0x30) >>> 0 < 10;
}

/** ASCII letters, upper or lower case. */
export function isLatin(code: number): boolean {
  return ((code | 0x20) - 0x61) >>> 0 < 26;
}

export function isUpper(code: number): boolean {
  return (code - 0x41) >>> 0 < 26;
}

export function isLower(code: number): boolean {
  return (code - 0x61) >>> 0 < 26;
}

/** A letter of any script. */
export function isLetter(code: number): boolean {
  return code === LETTER || isLatin(code);
}

export function isWord(code: number): boolean {
  return isDigit(code) || isLetter(code);
}

/** Words as the tables of names and keywords know them: upper case, marks and invisible characters gone. */
export function foldedWord(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text.toUpperCase();
  return text
    .normalize("NFKD")
    .replaceAll(/[\p{M}\p{Cf}]/gu, "")
    .toUpperCase();
}
