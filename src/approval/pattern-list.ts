// OpenSSH's pattern lists (ssh_config(5), PATTERNS): `*`, `?`, and `!` for what must not match.

/** Does a comma-separated list match? A negated pattern that matches settles it. */
export function matchesList(text: string, list: string): boolean {
  const patterns = list.split(",");
  if (patterns.some((each) => each.startsWith("!") && matches(text, each.slice(1)))) return false;
  return patterns.some((each) => !each.startsWith("!") && matches(text, each));
}

function matches(text: string, pattern: string): boolean {
  const source = pattern.replaceAll(/[^*?]/g, (each) => `\\u{${each.codePointAt(0)?.toString(16)}}`);
  return new RegExp(`^${source.replaceAll(/\*+/g, ".*").replaceAll("?", ".")}$`, "su").test(text);
}
