// Where a value must not come back: what a client would send on to some machine on the network.

/** How much is looked at before a pseudonym. */
export const LOOK_BACK = 1024;

/** How far a word may go on behind a pseudonym. */
export const LOOK_AHEAD = 80;

/** What may belong to the same word: of a host name, of what stands before an @ or a port. */
export function isAttached(character: string): boolean {
  return /[\w.@:-]/.test(character);
}

/**
 * Whether the pseudonym that stands between the two texts is a part of a URL or of a host name. A path, a file's name and
 * the end of a sentence are neither.
 */
export function isOnTheWayOut(before: string, after: string): boolean {
  return isInUrl(before) || isInHost(before, after);
}

const SCHEME =
  /(?:^|[^a-z0-9])(?!file:)(?:[a-z][a-z0-9+.-]{1,20}:)?(?:\/\/|\\\/\\\/)(?=[^\s/]|$)|(?:^|[^a-z0-9])www\./gi;

function isInUrl(before: string): boolean {
  let at = -1;
  let opener = "";
  for (const { index, 0: found } of before.matchAll(SCHEME)) {
    at = index + found.length;
    opener = before.charAt(index);
  }
  if (at === -1) {
    // A word so long that its beginning is out of sight is taken for one.
    return before.length >= LOOK_BACK && !/\s/.test(before);
  }
  return !hasEnded(before.slice(at), opener);
}

const CLOSERS: Readonly<Record<string, RegExp>> = { '"': /["\n]/, "'": /['\n]/, "`": /[`\n]/, "<": /[>\n]/ };

/** In quotes and angle brackets a URL may hold spaces; elsewhere white space, a quote or an angle bracket ends it. */
function hasEnded(rest: string, opener: string): boolean {
  return (CLOSERS[opener] ?? /[\s"'`<>]/).test(rest);
}

/** Ends of files that look like ends of hosts. */
const FILES =
  /\.(?:txt|md|pdf|csv|tsv|json|ya?ml|xml|html?|log|docx?|xlsx?|pptx?|png|jpe?g|gif|svg|zip|gz|tar|py|js|ts|tsx|jsx|sql|db|ini|conf|cfg|toml|sh|bak|tmp|eml|rtf|odt)$/i;

function isInHost(before: string, after: string): boolean {
  const word = /^[\w.@:-]*/.exec(after)?.[0] ?? "";
  if (word.startsWith("@") && word.length > 1) return true;
  const host = /^[\w-]*((?:\.[A-Za-z0-9_-]+)+)/.exec(word)?.[1];
  if (host === undefined) return false;
  const isPath = /[/\\][\w.-]*$/.test(before) && !/\/\/[\w.-]*$/.test(before);
  return !isPath && !FILES.test(host) && /\.[A-Za-z][A-Za-z0-9-]+$/.test(host);
}
