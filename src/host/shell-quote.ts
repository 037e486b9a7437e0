// ssh hands its words to a login shell as one string. This is the only place where a shell string is built.

/** One word, quoted so that a POSIX shell reads it back as it is. */
function quoteWord(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** argv as one shell string. */
export function shellQuote(argv: readonly string[]): string {
  return argv.map(quoteWord).join(" ");
}
