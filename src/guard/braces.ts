// Brace expansion: `{rm,-rf}`, `.e{n,m}v`, `{1..3}`, on the raw text of a word, before anything else.
import type { Word } from "unbash";

const MAX_ALTERNATIVES = 1024;

/** The texts a word stands for; undefined when it has no braces to expand. */
export function expandBraces(word: Word): string[] | undefined {
  if (word.parts?.some((part) => part.type === "BraceExpansion") !== true) return undefined;
  return alternativesOf(word.text).slice(0, MAX_ALTERNATIVES);
}

function alternativesOf(text: string): string[] {
  const group = findGroup(text);
  if (group === undefined) return [text];
  const head = text.slice(0, group.start);
  const tails = alternativesOf(text.slice(group.end));
  const middles = group.items.length > 1 ? group.items.flatMap(alternativesOf) : rangeOf(group.items[0] ?? "");
  if (middles === undefined) return tails.map((tail) => text.slice(0, group.end) + tail);
  if (middles.length * tails.length > MAX_ALTERNATIVES) return [text];
  return middles.flatMap((middle) => tails.map((tail) => head + middle + tail));
}

type Group = { readonly start: number; readonly end: number; readonly items: string[] };

/** The first `{...}` that is neither quoted nor part of `${...}`. */
function findGroup(text: string): Group | undefined {
  let depth = 0;
  let start = -1;
  let from = 0;
  const items: string[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === "\\") at += 1;
    else if (char === "'" || char === '"') at = endOfQuote(text, at);
    else if (char === "$" && (text[at + 1] === "{" || text[at + 1] === "(")) at = endOfExpansion(text, at + 1);
    else if (char === "{") {
      depth += 1;
      if (depth === 1) [start, from] = [at, at + 1];
    } else if (char === "," && depth === 1) {
      items.push(text.slice(from, at));
      from = at + 1;
    } else if (char === "}" && depth > 0) {
      depth -= 1;
      if (depth === 0) return { start, end: at + 1, items: [...items, text.slice(from, at)] };
    }
  }
  return undefined;
}

function endOfQuote(text: string, at: number): number {
  const quote = text[at];
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === "\\" && quote === '"') end += 1;
    else if (text[end] === quote) return end;
  }
  return text.length;
}

function endOfExpansion(text: string, at: number): number {
  const [open, close] = text[at] === "{" ? ["{", "}"] : ["(", ")"];
  let depth = 0;
  for (let end = at; end < text.length; end += 1) {
    if (text[end] === open) depth += 1;
    if (text[end] === close) depth -= 1;
    if (depth === 0) return end;
  }
  return text.length;
}

function rangeOf(item: string): string[] | undefined {
  const [, from, to] = /^(-?\d{1,4}|[a-zA-Z])\.\.(-?\d{1,4}|[a-zA-Z])(?:\.\.-?\d+)?$/.exec(item) ?? [];
  if (from === undefined || to === undefined) return undefined;
  const isNumber = /\d/.test(from);
  const [start, end] = isNumber ? [Number(from), Number(to)] : [from.charCodeAt(0), to.charCodeAt(0)];
  const count = Math.min(Math.abs(end - start) + 1, MAX_ALTERNATIVES);
  const step = end < start ? -1 : 1;
  return Array.from({ length: count }, (_, index) => {
    const value = start + index * step;
    return isNumber ? String(value) : String.fromCharCode(value);
  });
}
