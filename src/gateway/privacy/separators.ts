// What may stand between the groups of one identifier: a space or a hyphen of any kind, a dot, one line's wrap, also where
// they are spelled out inside JSON, a URL or HTML.
import { codeAt, INVISIBLE, isWord, type Codes } from "./characters.ts";

/** Spelled-out separators, by their first character; all of them ASCII. */
const SPELLED: ReadonlyMap<number, readonly Codes[]> = new Map([
  spelled("\\", "u00a0 u202f u2009 u2007 u2010 u2011 u2012 u2013 u2014 r\\n n"),
  spelled("%", "20 C2%A0 c2%a0 2D 2d"),
  spelled("&", "nbsp; #160; #xa0;"),
]);

function spelled(first: string, rests: string): [number, readonly Codes[]] {
  return [first.charCodeAt(0), rests.split(" ").map((rest) => new TextEncoder().encode(first + rest))];
}

/** Space, hyphen, dot, line's end, what is not seen; backslash, percent and ampersand of those that are spelled out. */
const GAPS = new Uint8Array(256);
for (const code of [0x20, 0x2d, 0x2e, 0x0a, 0x0d, 0x5c, 0x25, 0x26, INVISIBLE]) GAPS[code] = 1;

/** Most white space that a wrapped line may begin with. */
const INDENT = 24;

/**
 * The end of the separator that begins at `at`; `at` itself when there is none. `mayWrap` says whether a line may end in
 * it. Two spaces in one line part columns, so they are none.
 */
export function separatorEnd(codes: Codes, at: number, mayWrap: boolean): number {
  const first = codeAt(codes, at);
  if (GAPS[first] === 0) return at;
  // Nearly always it is one space or hyphen.
  if ((first === 0x20 || first === 0x2d || first === 0x2e) && isWord(codeAt(codes, at + 1))) return at + 1;
  return longSeparatorEnd(codes, at, mayWrap);
}

function longSeparatorEnd(codes: Codes, at: number, mayWrap: boolean): number {
  let end = at;
  let spaces = 0;
  let marks = 0;
  let lines = 0;
  for (;;) {
    const code = codeAt(codes, end);
    if (code === 0x20) spaces += 1;
    else if (code === 0x2d || code === 0x2e) marks += 1;
    else if (code === 0x0a && mayWrap) lines += 1;
    else if (code === 0x09 && lines > 0) spaces += 1;
    else if (code === 0x3e && lines > 0) spaces += 1;
    else if (code !== INVISIBLE && !(code === 0x0d && mayWrap)) {
      const length = spelledAt(codes, end, code);
      if (length === 0) break;
      spaces += 1;
      end += length - 1;
    }
    end += 1;
    if (marks > 1 || lines > 1 || end - at > INDENT) return at;
  }
  const most = lines > 0 ? INDENT : marks > 0 ? 2 : 1;
  return spaces > most ? at : end;
}

function spelledAt(codes: Codes, at: number, code: number): number {
  if (code !== 0x5c && code !== 0x25 && code !== 0x26) return 0;
  for (const one of SPELLED.get(code) ?? []) if (standsAt(codes, at, one)) return one.length;
  return 0;
}

function standsAt(codes: Codes, at: number, wanted: Codes): boolean {
  for (let n = 0; n < wanted.length; n += 1) if (codeAt(codes, at + n) !== wanted[n]) return false;
  return true;
}

/** Whether a separator may begin with it. */
export function isGap(code: number): boolean {
  return GAPS[code] === 1;
}

/** Whether a line ends between the two places. */
export function wraps(codes: Codes, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (codes[at] === 0x0a) return true;
  return false;
}
