// How random a value looks, and what is only the place of a secret.

/** Shannon entropy in bits a character. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let sum = 0;
  for (const count of counts.values()) sum -= (count / text.length) * Math.log2(count / text.length);
  return sum;
}

const PLACEHOLDER =
  /x{6}|0{8}|1{8}|\*{4}|\.{3}|123456789|abcdefgh|example|sample|change.?me|placeholder|your[-_ ]|dummy|redacted|<[a-z _-]+>|\$\{|\{\{|%\(|\$\(/i;

/** What documentation and templates write where a secret belongs. */
export function isPlaceholder(value: string): boolean {
  return PLACEHOLDER.test(value) || /^(.)\1*$/s.test(value);
}
