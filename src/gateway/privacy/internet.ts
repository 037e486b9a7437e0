// E-mail addresses, and addresses of machines that are reached from anywhere.
import { isIPv6 } from "node:net";
import { foldAt, INVISIBLE, isDigit, isLatin, isWord, LETTER } from "./characters.ts";
import { ABOUT } from "./context.ts";
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
  const { text } = page;
  let start = at;
  while (at - start < MOST_LOCAL && isLocal(foldAt(text, start - 1))) start -= 1;
  while (start < at && !isWord(foldAt(text, start))) start += 1;
  if (start < at && isEscape(text, start)) start += 1;
  if (start === at) return 0;
  const end = domainEnd(text, at + 1);
  if (end === 0) return 0;
  // git@host:path is an address of a repository.
  const isRepository = foldAt(text, end) === 0x3a && text.slice(start, at) === "git";
  return isRepository ? 0 : page.find("email", start, end);
}

/** The n of a line's end that is spelled out, as in JSON. */
export function isEscape(text: string, at: number): boolean {
  if (foldAt(text, at - 1) !== 0x5c || foldAt(text, at - 2) === 0x5c) return false;
  const code = text.charCodeAt(at);
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
function domainEnd(text: string, from: number): number {
  let at = from;
  let end = 0;
  let labelStart = from;
  for (; at - from < MOST_DOMAIN; at += 1) {
    const code = foldAt(text, at);
    if (isWord(code) || code === 0x2d || code === INVISIBLE) continue;
    const isLast = labelStart > from && isTop(text, labelStart, at);
    if (isLast) end = at;
    if (code !== 0x2e || !isWord(foldAt(text, at + 1)) || at === labelStart) break;
    labelStart = at + 1;
  }
  return end;
}

function isTop(text: string, start: number, end: number): boolean {
  if (end - start < 2 || end - start > 24) return false;
  const label = text.slice(start, end).toLowerCase();
  if (label.startsWith("xn--")) return true;
  for (let at = start; at < end; at += 1) {
    const code = foldAt(text, at);
    if (!isLatin(code) && code !== LETTER && code !== INVISIBLE) return false;
  }
  return !NO_DOMAIN.has(label);
}

/** Finds the IPv4 address whose first digit stands at `start`; answers with its end, or 0. */
export function findIpv4(page: Page, start: number): number {
  const { text } = page;
  // One to three digits and a dot.
  if (foldAt(text, start + 1) !== 0x2e && foldAt(text, start + 2) !== 0x2e && foldAt(text, start + 3) !== 0x2e)
    return 0;
  const parts: number[] = [];
  let at = start;
  for (let part = 0; part < 4; part += 1) {
    const from = at;
    let value = 0;
    for (let code = foldAt(text, at); isDigit(code) && at - from < 4; code = foldAt(text, at)) {
      value = value * 10 + code - 0x30;
      at += 1;
    }
    if (at === from || value > 255) return 0;
    parts.push(value);
    if (part < 3 && foldAt(text, at) !== 0x2e) return 0;
    if (part < 3) at += 1;
  }
  const after = foldAt(text, at);
  if (isWord(after) || (after === 0x2e && isDigit(foldAt(text, at + 1)))) return 0;
  if (!isGlobal(parts) || !isBegin(text, start)) return 0;
  const isSure = at - start >= 10 || page.context.before(ABOUT.network, start);
  return isSure && !page.context.before(ABOUT.version, start) ? page.find("ip", start, at) : 0;
}

/** Versions begin with a letter or a name and a slash; longer rows of numbers go on from before. */
function isBegin(text: string, start: number): boolean {
  const before = foldAt(text, start - 1);
  if (isWord(before) || before === 0x2e || before === 0x2d || before === 0x5f) return false;
  return before !== 0x2f || !isLatin(foldAt(text, start - 2));
}

/** Neither loopback, private, link-local, shared, multicast, for documentation, nor a network as a whole. */
function isGlobal([a = 0, b = 0, c = 0, d = 0]: readonly number[]): boolean {
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
  const { text } = page;
  const first = foldAt(text, start);
  if (
    (first !== 0x32 && first !== 0x33) ||
    foldAt(text, start + 4) !== 0x3a ||
    isWord(foldAt(text, start - 1)) ||
    foldAt(text, start - 1) === 0x3a
  )
    return 0;
  let end = start;
  while (end - start < 45 && isHexOrColon(foldAt(text, end))) end += 1;
  if (isWord(foldAt(text, end))) return 0;
  // A colon at the end belongs to the sentence.
  while (foldAt(text, end - 1) === 0x3a) end -= 1;
  const address = text.slice(start, end).toLowerCase();
  if (!isIPv6(address) || /^2001:0?db8:/.test(address) || address.startsWith("3fff:")) return 0;
  return page.find("ip", start, end);
}

function isHexOrColon(code: number): boolean {
  return code === 0x3a || isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);
}
