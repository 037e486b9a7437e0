// What may stand between the groups of one identifier: a space or a hyphen of any kind, a dot, one line's wrap, also where
// they are spelled out inside JSON, a URL or HTML.
import { foldAt, INVISIBLE, isWord } from "./characters.ts";

/** Spelled-out separators, by their first character; all of them ASCII. */
const SPELLED: Readonly<Record<number, readonly string[]>> = {
  0x5c: [
    "\\u00a0",
    "\\u202f",
    "\\u2009",
    "\\u2007",
    "\\u2010",
    "\\u2011",
    "\\u2012",
    "\\u2013",
    "\\u2014",
    "\\r\\n",
    "\\n",
  ],
  0x25: ["%20", "%C2%A0", "%c2%a0", "%2D", "%2d"],
  0x26: ["&nbsp;", "&#160;", "&#xa0;"],
};

/** Most white space that a wrapped line may begin with. */
const INDENT = 24;

/**
 * The end of the separator that begins at `at`; `at` itself when there is none. `newlines` says whether a line may end in
 * it. Two spaces in one line part columns, so they are none.
 */
export function separatorEnd(text: string, at: number, mayWrap: boolean): number {
  if (isWord(foldAt(text, at))) return at;
  let end = at;
  let spaces = 0;
  let marks = 0;
  let lines = 0;
  for (;;) {
    const code = foldAt(text, end);
    if (code === 0x20) spaces += 1;
    else if (code === 0x2d || code === 0x2e) marks += 1;
    else if (code === 0x0a && mayWrap) lines += 1;
    else if (code === 0x09 && lines > 0) spaces += 1;
    else if (code === 0x3e && lines > 0) spaces += 1;
    else if (code !== INVISIBLE && !(code === 0x0d && mayWrap)) {
      const spelled = spelledAt(text, end, code);
      if (spelled === 0) break;
      spaces += 1;
      end += spelled - 1;
    }
    end += 1;
    if (marks > 1 || lines > 1 || end - at > INDENT) return at;
  }
  const most = lines > 0 ? INDENT : marks > 0 ? 2 : 1;
  return spaces > most ? at : end;
}

function spelledAt(text: string, at: number, code: number): number {
  if (code !== 0x5c && code !== 0x25 && code !== 0x26) return 0;
  const list = SPELLED[code] ?? [];
  return list.find((spelled) => text.startsWith(spelled, at))?.length ?? 0;
}

/** Whether a line ends between the two places. */
export function wraps(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (text.charCodeAt(at) === 0x0a) return true;
  return false;
}
