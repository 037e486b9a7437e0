// E-mail addresses, and addresses of machines that are reached from anywhere.
import { isIPv6 } from "node:net";
import { codeAt, INVISIBLE, isDigit, isLatin, isWord, LETTER, type Codes } from "./characters.ts";
import { ABOUT } from "./context.ts";
import type { DigitRun } from "./digit-run.ts";
import type { Page } from "./page.ts";

const MOST_LOCAL = 64;
const MOST_DOMAIN = 253;

/** What ends like a host name and is none: files, and units of systemd. */
const NO_DOMAIN = new Set(
  (
    "png jpg jpeg gif svg webp avif ico js ts mjs cjs jsx tsx css scss map json html htm md txt py c h go rs java rb php sh " +
    "service socket target timer slice mount scope device swap path automount"
  ).split(" "),
);

/** Finds the e-mail address round the @ at `at`; answers with its end, or 0. */
export function findEmail(page: Page, at: number): number {
  const { text, codes } = page;
  let start = at;
  while (at - start < MOST_LOCAL && isLocal(codeAt(codes, start - 1))) start -= 1;
  while (start < at && !isWord(codeAt(codes, start))) start += 1;
  if (start < at && isEscape(codes, start)) start += 1;
  if (start === at) return 0;
  const end = domainEnd(page, at + 1);
  if (end === 0) return 0;
  // git@host:path is an address of a repository.
  const isRepository = codeAt(codes, end) === 0x3a && text.slice(start, at) === "git";
  return isRepository ? 0 : page.find("email", start, end);
}

/** The n of a line's end that is spelled out, as in JSON. */
export function isEscape(codes: Codes, at: number): boolean {
  if (codeAt(codes, at - 1) !== 0x5c || codeAt(codes, at - 2) === 0x5c) return false;
  const code = codeAt(codes, at);
  return code === 0x6e || code === 0x72 || code === 0x74;
}

function isLocal(code: number): boolean {
  if (isWord(code) || code === INVISIBLE) return true;
  // . _ % + ' - & and what else stands in names.
  return (
    code === 0x2e || code === 0x5f || code === 0x2b || code === 0x27 || code === 0x2d || code === 0x26 || code === 0x25
  );
}

/** Labels with dots between, the last of letters only. */
function domainEnd({ text, codes }: Page, from: number): number {
  let at = from;
  let end = 0;
  let labelStart = from;
  for (; at - from < MOST_DOMAIN; at += 1) {
    const code = codeAt(codes, at);
    if (isWord(code) || code === 0x2d || code === INVISIBLE) continue;
    const isLast = labelStart > from && isTop(text, codes, labelStart, at);
    if (isLast) end = at;
    if (code !== 0x2e || !isWord(codeAt(codes, at + 1)) || at === labelStart) break;
    labelStart = at + 1;
  }
  return end;
}

function isTop(text: string, codes: Codes, start: number, end: number): boolean {
  if (end - start < 2 || end - start > 24) return false;
  const label = text.slice(start, end).toLowerCase();
  if (label.startsWith("xn--")) return true;
  for (let at = start; at < end; at += 1) {
    const code = codeAt(codes, at);
    if (!isLatin(code) && code !== LETTER && code !== INVISIBLE) return false;
  }
  return !NO_DOMAIN.has(label);
}

/** Finds the IPv4 address whose first digits these are; answers with its end, or 0. */
export function findIpv4(page: Page, run: DigitRun): number {
  if (run.after !== 0x2e || run.length > 3) return 0;
  const { codes, start } = run;
  let address = 0;
  let at = start;
  for (let part = 0; part < 4; part += 1) {
    const from = at;
    let value = 0;
    for (let code = codeAt(codes, at); isDigit(code) && at - from < 4; code = codeAt(codes, at)) {
      value = value * 10 + code - 0x30;
      at += 1;
    }
    if (at === from || value > 255) return 0;
    address = address * 256 + value;
    if (part < 3 && codeAt(codes, at) !== 0x2e) return 0;
    if (part < 3) at += 1;
  }
  const after = codeAt(codes, at);
  if (isWord(after) || (after === 0x2e && isDigit(codeAt(codes, at + 1)))) return 0;
  if (!isGlobal(address) || !isBegin(codes, start)) return 0;
  const isSure = at - start >= 10 || page.context.before(ABOUT.network, start);
  return isSure && !page.context.before(ABOUT.version, start) ? page.find("ip", start, at) : 0;
}

/** Versions begin with a letter or a name and a slash; longer rows of numbers go on from before. */
function isBegin(codes: Codes, start: number): boolean {
  const before = codeAt(codes, start - 1);
  if (isWord(before) || before === 0x2e || before === 0x2d || before === 0x5f) return false;
  return before !== 0x2f || !isLatin(codeAt(codes, start - 2));
}

/** Neither loopback, private, link-local, shared, multicast, for documentation, nor a network as a whole. */
function isGlobal(address: number): boolean {
  const a = address >>> 24;
  const b = (address >>> 16) & 255;
  const c = (address >>> 8) & 255;
  const d = address & 255;
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false;
  if ((a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168) || (a === 169 && b === 254)) return false;
  if (a === 100 && b >= 64 && b <= 127) return false;
  if ((a === 192 && b === 0 && c === 2) || (a === 198 && b === 51 && c === 100) || (a === 203 && b === 0 && c === 113))
    return false;
  if (a === 198 && (b === 18 || b === 19)) return false;
  return !(c === 0 && d === 0) && d !== 0;
}

/** Finds the IPv6 address whose first character stands at `start`, global ones only; answers with its end, or 0. */
export function findIpv6(page: Page, start: number): number {
  const { text, codes } = page;
  const first = codeAt(codes, start);
  if (
    (first !== 0x32 && first !== 0x33) ||
    codeAt(codes, start + 4) !== 0x3a ||
    isWord(codeAt(codes, start - 1)) ||
    codeAt(codes, start - 1) === 0x3a
  )
    return 0;
  let end = start;
  while (end - start < 45 && isHexOrColon(codeAt(codes, end))) end += 1;
  if (isWord(codeAt(codes, end))) return 0;
  // A colon at the end belongs to the sentence.
  while (codeAt(codes, end - 1) === 0x3a) end -= 1;
  const address = text.slice(start, end).toLowerCase();
  if (!isIPv6(address) || /^2001:0?db8:/.test(address) || address.startsWith("3fff:")) return 0;
  return page.find("ip", start, end);
}

function isHexOrColon(code: number): boolean {
  return code === 0x3a || isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);
}
