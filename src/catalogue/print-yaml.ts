// Prints a YAML document that was changed in a few places, and leaves every other line as its author wrote it.
import { type Document, parseDocument } from "yaml";

/** `before` when nothing in it has changed but its form. */
export function printYaml(document: Document, before: string): string {
  if (JSON.stringify(parseDocument(before).toJS()) === JSON.stringify(document.toJS())) return before;
  const known = new Map(before.split("\n").map((line) => [bare(line), line]));
  const lines = document.toString({ lineWidth: 0 }).split("\n");
  return lines.map((line) => known.get(bare(line)) ?? tight(line)).join("\n");
}

function bare(line: string): string {
  return line.replaceAll(" ", "");
}

/** A list in one line, as everywhere else in an estate: `[a, b]`. */
function tight(line: string): string {
  return line.replaceAll(/\[ ([^"'[\]]*) \]/g, "[$1]");
}
