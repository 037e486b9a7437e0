// For tests: random texts that match a pattern, evenly drawn, so that they look as random as real keys do.
// Knows the small part of regular expressions that scan-rules.ts uses.
import { randomInt } from "node:crypto";

type Parser = { readonly source: string; at: number };

export function aMatch(pattern: RegExp): string {
  return choice({ source: pattern.source, at: 0 });
}

/** One of the alternatives, up to the end or a closing bracket. */
function choice(parser: Parser): string {
  const made = [sequence(parser)];
  while (parser.source[parser.at] === "|") {
    parser.at += 1;
    made.push(sequence(parser));
  }
  return made[randomInt(made.length)] ?? "";
}

function sequence(parser: Parser): string {
  let text = "";
  while (parser.at < parser.source.length && !"|)".includes(parser.source[parser.at] ?? "")) {
    const start = parser.at;
    const first = atom(parser);
    const [least, most] = quantifier(parser);
    const end = parser.at;
    const times = randomInt(least, most + 1);
    for (let time = 0; time < times; time += 1) {
      parser.at = start;
      text += time === 0 ? first : atom(parser);
    }
    parser.at = end;
  }
  return text;
}

function atom(parser: Parser): string {
  const rest = parser.source.slice(parser.at);
  const [lookahead] = /^\(\?![^)]*\)/.exec(rest) ?? [];
  if (lookahead !== undefined) return skip(parser, lookahead, "");
  const [group] = /^\((\?(:|<\w+>))?/.exec(rest) ?? [];
  if (group !== undefined) {
    skip(parser, group, "");
    const text = choice(parser);
    return skip(parser, ")", text);
  }
  const [one = ""] = /^(\[(\\.|[^\]\\])*\]|\\.|.)/s.exec(rest) ?? [];
  if (one === "\\n") return skip(parser, one, "\n");
  return skip(parser, one, one.startsWith("[") || one === "\\s" ? member(new RegExp(one)) : one.replace(/^\\/, ""));
}

function skip(parser: Parser, source: string, text: string): string {
  parser.at += source.length;
  return text;
}

const PRINTABLE = Array.from({ length: 95 }, (_, code) => String.fromCodePoint(code + 32));
const members = new Map<string, readonly string[]>();

/** A printable character of a class. */
function member(one: RegExp): string {
  const all = members.get(one.source) ?? PRINTABLE.filter((text) => one.test(text));
  members.set(one.source, all);
  return all[randomInt(all.length)] ?? "";
}

function quantifier(parser: Parser): [number, number] {
  const [found = "", least, comma, most] = /^(?:[*+?]|\{(\d+)(,)?(\d+)?\})/.exec(parser.source.slice(parser.at)) ?? [];
  skip(parser, found, "");
  if (found === "?") return [0, 1];
  if (found === "*") return [0, 2];
  if (found === "+") return [1, 3];
  if (least === undefined) return [1, 1];
  return [Number(least), comma === undefined ? Number(least) : Number(most ?? Number(least) + 4)];
}
