// One word of a command after expansion. What is only known at run time stays in it as a mark, so that rules can say
// "this could be .env" (a glob) or "nobody knows what this is" (a variable).

/** Any text at all: the value of a variable, the output of a command. */
export const UNKNOWN = "\uE000";
/** Any one character of a file's name (`?`, `[a-z]`). */
export const ANY_ONE = "\uE001";
/** Any characters of a file's name (`*`). */
export const ANY = "\uE002";

/** Stands behind UNKNOWN when the text comes from the network. */
export const FETCHED = "\uE003";

const MARKS = /[\uE000-\uE003]/;

export function isKnown(field: string): boolean {
  return !MARKS.test(field);
}

export function isUnknown(field: string): boolean {
  return field.includes(UNKNOWN);
}

/** Whether the field, as a pattern, could come out as this text. */
export function couldBe(field: string, text: string): boolean {
  return isKnown(field) ? field === text : patternOf(field).test(text);
}

/** For the reader: marks printed as the shell would write them. */
export function show(field: string): string {
  const text = field.replaceAll(UNKNOWN, "$…").replaceAll(FETCHED, "").replaceAll(ANY_ONE, "?").replaceAll(ANY, "*");
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function patternOf(field: string): RegExp {
  let source = "";
  for (const [index, char] of field.split("").entries()) {
    const startsName = index === 0 || field[index - 1] === "/";
    // A glob at the start of a name leaves dot files alone, as bash does.
    const dot = startsName ? "(?!\\.)" : "";
    if (char === UNKNOWN || char === FETCHED) source += "[^]*";
    else if (char === ANY) source += `${dot}[^/]*`;
    else if (char === ANY_ONE) source += `${dot}[^/]`;
    else source += char.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
  }
  return new RegExp(`^${source.replaceAll(/(\[\^\]\*)+/g, "[^]*")}$`);
}
