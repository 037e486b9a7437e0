// What a pseudonym looks like: `QidNhsnKqzrbtwmfgxpHjdk`. Letters only, so that no tokenizer, shell, file name, URL or
// Markdown changes it; always as long, so that none begins another; without vowels, so that it is never a word.
import { TAGS } from "./kinds.ts";

const SENTINEL = "Qid";
const TAG_LENGTH = 4;
const STEM_LENGTH = 12;
const SPELLING_LENGTH = 4;
export const PLACEHOLDER_LENGTH = SENTINEL.length + TAG_LENGTH + STEM_LENGTH + SPELLING_LENGTH;

/** 18 letters: 50 bits in a stem, 16 more in a spelling. */
const ALPHABET = "bcdfghjkmnprstvwxz";

const KNOWN_TAGS = new Set(Object.values(TAGS).map((tag) => tag.toLowerCase()));
const TAG_BEGINNINGS = new Set([...KNOWN_TAGS].flatMap((tag) => [0, 1, 2, 3].map((length) => tag.slice(0, length))));

/** Whether something stands at `at` that has the form of a pseudonym, in whatever case. */
export function isPlaceholderAt(text: string, at: number): boolean {
  const form = text.slice(at, at + PLACEHOLDER_LENGTH);
  return form.length === PLACEHOLDER_LENGTH && isPlaceholderPrefix(form);
}

/** Whether the text is a pseudonym by its form, or the beginning of one. */
export function isPlaceholderPrefix(text: string): boolean {
  if (text.length > PLACEHOLDER_LENGTH) return false;
  const form = text.toLowerCase();
  if (!"qid".startsWith(form.slice(0, 3))) return false;
  const tag = form.slice(SENTINEL.length, SENTINEL.length + TAG_LENGTH);
  if (tag.length < TAG_LENGTH ? !TAG_BEGINNINGS.has(tag) : !KNOWN_TAGS.has(tag)) return false;
  for (let n = SENTINEL.length + TAG_LENGTH; n < form.length; n += 1)
    if (!ALPHABET.includes(form.charAt(n))) return false;
  return true;
}

/** The pseudonym of two digests: `stem` of the value, `spelling` of how it is written. */
export function placeholder(tag: string, stem: Uint8Array, spelling: Uint8Array): string {
  return SENTINEL + tag + capital(letters(stem, STEM_LENGTH)) + capital(letters(spelling, SPELLING_LENGTH));
}

/** Takes 64 bits of the digest, more than any of the parts holds. */
function letters(digest: Uint8Array, count: number): string {
  let bits = new DataView(digest.buffer, digest.byteOffset, digest.byteLength).getBigUint64(0);
  let text = "";
  for (let n = 0; n < count; n += 1) {
    text += ALPHABET.charAt(Number(bits % 18n));
    bits /= 18n;
  }
  return text;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
