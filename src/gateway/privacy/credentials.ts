// Keys, by the beginnings that their makers gave them.
import { codeAt, isDigit, isLatin, isWord, type Codes } from "./characters.ts";
import type { Page } from "./page.ts";
import { Pairs } from "./pairs.ts";

/** How a key begins, and how many characters it has at least, its beginning included. */
const BEGINNINGS: Readonly<Record<string, number>> = {
  "sk-ant-": 32,
  "sk-proj-": 32,
  "sk-": 32,
  sk_live_: 24,
  sk_test_: 24,
  rk_live_: 24,
  pk_live_: 24,
  ghp_: 36,
  gho_: 36,
  ghu_: 36,
  ghs_: 36,
  ghr_: 36,
  github_pat_: 40,
  "glpat-": 20,
  "xoxb-": 24,
  "xoxp-": 24,
  "xoxa-": 24,
  "xoxs-": 24,
  "xapp-": 24,
  AKIA: 20,
  ASIA: 20,
  AIza: 35,
  "ya29.": 30,
  "SG.": 40,
  npm_: 36,
  hf_: 30,
  dop_v1_: 40,
  "pypi-": 40,
  "AGE-SECRET-KEY-1": 60,
  eyJ: 60,
};

const LISTED = Object.keys(BEGINNINGS);
const FIRST_TWO = new Pairs(LISTED);

/** Whether some key's beginning has these two characters. */
export function mayBeKey(codes: Codes, start: number): boolean {
  return FIRST_TWO.has(codeAt(codes, start), codeAt(codes, start + 1));
}

/** Finds the key whose first character stands at `start`; answers with its end, or 0. */
export function findKey(page: Page, start: number): number {
  const { text, codes } = page;
  if (!mayBeKey(codes, start)) return 0;
  const beginning = LISTED.find((one) => text.startsWith(one, start));
  if (beginning === undefined) return 0;
  const end = beginning === "eyJ" ? tokenEnd(page, start) : runEnd(codes, start, beginning.endsWith("."));
  return end - start < (BEGINNINGS[beginning] ?? 0) ? 0 : page.find("secret", start, end);
}

/** Three parts, or it is some other base64 of a JSON object; 0 then. */
function tokenEnd({ text, codes, tokenParts: [header, claims, signature] }: Page, start: number): number {
  const first = header.endOf(codes, start);
  if (codeAt(codes, first) !== 0x2e || !text.startsWith("eyJ", first + 1)) return 0;
  const second = claims.endOf(codes, first + 1);
  if (codeAt(codes, second) !== 0x2e || !isWord(codeAt(codes, second + 1))) return 0;
  const end = signature.endOf(codes, second + 1);
  if (codeAt(codes, end) === 0x2e && isWord(codeAt(codes, end + 1))) return 0;
  return first - start > 3 && second - first > 4 ? end : 0;
}

/** The end of the letters, digits, hyphens and underscores that stand here. */
function runEnd(codes: Codes, start: number, withDots = false): number {
  let at = start;
  for (;;) {
    const code = codeAt(codes, at);
    const isDot = withDots && code === 0x2e && isWord(codeAt(codes, at + 1));
    if (!isDigit(code) && !isLatin(code) && code !== 0x5f && code !== 0x2d && !isDot) return at;
    at += 1;
  }
}

const PEM_BEGIN = "-----BEGIN ";
const PEM_END = "-----END ";

/** Finds a private key in PEM from its first hyphen on; answers with its end, or 0. */
export function findPrivateKey(page: Page, at: number): number {
  const { text, codes } = page;
  // A row of hyphens is most often a line that somebody drew.
  if (codeAt(codes, at + PEM_BEGIN.length - 2) !== 0x4e || !text.startsWith(PEM_BEGIN, at)) return 0;
  const title = text.slice(at + PEM_BEGIN.length, at + PEM_BEGIN.length + 40);
  if (!/^[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----/.test(title)) return 0;
  const last = text.indexOf(PEM_END, at);
  const end = last === -1 ? text.length : text.indexOf("-----", last + PEM_END.length);
  return page.find("secret", at, end === -1 || last === -1 ? text.length : end + 5);
}
