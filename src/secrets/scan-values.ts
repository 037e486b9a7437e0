// Finds known values in the spellings they leak in: as they are, base64, base64url, hex, URL-escaped, JSON-escaped.
import type { Sensitive } from "../lib/sensitive.ts";
import type { Hit } from "./scan-rules.ts";

/** Shorter values are words and numbers that stand everywhere. */
const LEAST_LENGTH = 8;

/** A search for these values; undefined when none is long enough to be told from chance. */
export function valueFinder(values: readonly Sensitive[]): ((text: string) => Hit[]) | undefined {
  const spellings = new Set(values.flatMap((value) => spellingsOf(value.unwrap())));
  const patterns = [...spellings].sort((a, b) => b.length - a.length).map(escaped);
  if (patterns.length === 0) return undefined;
  const any = new RegExp(patterns.join("|"), "g");
  return (text) =>
    [...text.matchAll(any)].map((match) => ({
      rule: "secret-in-clear",
      what: "value of a secrets file, outside of it",
      at: match.index,
      length: match[0].length,
    }));
}

/** Every spelling, as Latin-1 text (a byte a character), which is how scanned text is read. */
function spellingsOf(value: string): string[] {
  const trimmed = value.trim();
  if (trimmed.length < LEAST_LENGTH || /^\d+$/.test(trimmed)) return [];
  const bytes = Buffer.from(trimmed);
  const lines = trimmed.split("\n").filter((line) => line.length >= 32 && !line.includes("-----"));
  const texts = [
    // One line of a block of many is telling enough: blocks are indented differently wherever they are pasted.
    ...(trimmed.includes("\n") ? lines : [trimmed]),
    JSON.stringify(trimmed).slice(1, -1),
    encodeURIComponent(trimmed),
    encodeURIComponent(trimmed).replaceAll("%20", "+"),
    bytes.toString("hex"),
    ...base64Cores(bytes),
  ];
  return [...new Set(texts)].filter((text) => text.length >= LEAST_LENGTH).map(latin1);
}

/** Base64 of the value wherever it begins within a longer text: the letters that do not depend on its neighbours. */
function base64Cores(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const first = shift === 0 ? 0 : shift + 1;
    const whole = Math.floor(((shift + bytes.length) * 8) / 6);
    const core = text.slice(first, whole);
    return [core, core.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

function latin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
}
