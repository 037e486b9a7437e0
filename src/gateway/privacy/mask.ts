// Puts pseudonyms in the place of what was found.
import type { Known } from "./findings-cache.ts";
import { KINDS } from "./kinds.ts";
import type { Pseudonyms } from "./pseudonyms.ts";

/** Remembers the pseudonyms beside the findings: the same text comes again with the next turn of the same client. */
export function masked(text: string, known: Known, pseudonyms: Pseudonyms): string {
  const { findings } = known;
  const names: string[] = [];
  let result = "";
  let from = 0;
  for (let n = 0; n + 2 < findings.length; n += 3) {
    const [start = 0, end = 0, number = 0] = [findings[n], findings[n + 1], findings[n + 2]];
    const kind = KINDS[number] ?? "secret";
    const name = pseudonyms.nameOf(kind, text.slice(start, end), known.names?.[n / 3]);
    names.push(name);
    result += text.slice(from, start) + name;
    from = end;
  }
  known.names ??= names;
  return result + text.slice(from);
}

/** A number that is an identifier as a whole has a pseudonym of its own, so that it comes back as a number. */
export function maskedNumber(value: number, known: Known, pseudonyms: Pseudonyms): string {
  const text = String(value);
  const [start, end, kind = 0] = known.findings;
  if (start !== 0 || end !== text.length) return masked(text, known, pseudonyms);
  return pseudonyms.nameOf(KINDS[kind] ?? "secret", value);
}
