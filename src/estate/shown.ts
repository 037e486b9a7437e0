// A value out of a file as it may stand in one line of a message: short, printable, and never a secret.

const SHOWN = 60;

/** Whoever writes a key into the wrong place is not to find it in a log as well. */
const looksSecret = /\bsk-|AGE-SECRET-KEY-|PRIVATE KEY|\bgh[pousr]_|\bAKIA|\beyJ[\w-]+\.|:\/\/[^/\s]*:[^/\s]*@/;

export function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (value === "" || value === null || value === undefined) return "nothing";
  if (typeof value === "object") return "a map";
  if (typeof value !== "string") return JSON.stringify(value);
  if (looksSecret.test(value)) return "what looks like a secret";
  const text = /^[\x21-\x7e]+$/.test(value) ? value : printable(JSON.stringify(value));
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
}

/** What stands in a file may not steer the terminal that shows it. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
