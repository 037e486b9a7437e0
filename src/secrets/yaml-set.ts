// Sets one value in a plain YAML text by splicing, so that the rest of the file stays as its author wrote it.
import { isCollection, isMap, isScalar, isSeq } from "yaml";
import type { YAMLMap, YAMLSeq } from "yaml";
import type { Leaf } from "./tree.ts";
import { unreadable } from "./format.ts";
import type { Step } from "./format.ts";
import { splice } from "./yaml-render.ts";
import type { Edit } from "./yaml-render.ts";
import { quoted, renderScalar } from "./yaml-scalar.ts";
import { rangeOf } from "./yaml-tree.ts";
import { readYaml, rootOf } from "./yaml-read.ts";

type Collection = YAMLMap | YAMLSeq;

/** Throws Problem when the path leads through a value, or would replace a whole map or list. */
export function setInYaml(text: string, path: readonly Step[], value: Leaf, where: string): string {
  const ended = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  const [document] = readYaml(ended === "" ? "{}\n" : ended, where);
  const root = document === undefined ? undefined : rootOf(document, where);
  if (root === undefined || root.items.length === 0)
    return linesOf(path, value, 0).join("") + ended.replace(/^\{\}\n/, "");
  return splice(ended, [editFor(ended, root, path, value, `${where} ${path.join("/")}`)]);
}

function editFor(text: string, root: YAMLMap, path: readonly Step[], value: Leaf, where: string): Edit {
  let here: Collection = root;
  for (const [depth, step] of path.entries()) {
    const rest = path.slice(depth);
    if (isSeq(here) && (typeof step !== "number" || step > here.items.length)) {
      throw unreadable(
        where,
        `${String(step)} is not a position of this list (0 to ${here.items.length})`,
        "name a position",
      );
    }
    const key = isMap(here) ? String(step) : step;
    const next: unknown = here.get(key, true);
    const isThere = isMap(here) ? here.has(key) : Number(key) < here.items.length;
    if (!isThere) return addTo(text, here, rest, value);
    if (rest.length === 1) return replace(text, here, key, next, value, where);
    if (!isCollection(next)) throw unreadable(where, `${String(step)} is a value, not a map`, "name another key");
    if (!isMap(next) && !isSeq(next)) throw new TypeError("a YAML collection is a map or a list");
    here = next;
  }
  throw unreadable(where, "names no value", "name a key: a/b/c");
}

function replace(text: string, here: Collection, step: Step, next: unknown, value: Leaf, where: string): Edit {
  if (isCollection(next))
    throw unreadable(where, "is a map or a list", "name a value inside it, or use: demesne secrets edit");
  const rendered = renderScalar(value, here.flow === true);
  const range = isScalar(next) || next !== undefined ? rangeOf(next) : undefined;
  if (range === undefined || range[0] === range[1]) {
    // An empty value: its text goes behind the key's colon or the list's dash.
    const pair = isMap(here) ? here.items.find(({ key }) => isScalar(key) && key.value === step) : undefined;
    const from = pair === undefined ? (range?.[0] ?? 0) : rangeOf(pair.key)[1];
    const at = pair === undefined ? from : text.indexOf(":", from) + 1;
    return { start: at, end: at, text: ` ${rendered}` };
  }
  const isBlock = text[range[1] - 1] === "\n";
  return { start: range[0], end: range[1], text: isBlock ? `${rendered}\n` : rendered };
}

function addTo(text: string, here: Collection, rest: readonly Step[], value: Leaf): Edit {
  const [start, end] = rangeOf(here);
  if (here.flow === true) {
    const at = text.lastIndexOf(isMap(here) ? "}" : "]", end - 1);
    const comma = here.items.length === 0 ? "" : ", ";
    return { start: at, end: at, text: comma + flowOf(isMap(here) ? rest : rest.slice(1), value, isMap(here)) };
  }
  const column = start - (text.lastIndexOf("\n", start - 1) + 1);
  // A block's text may already include its last line break; a comment on that line stays where it is.
  const at = text[end - 1] === "\n" ? end : text.indexOf("\n", end) + 1;
  return { start: at, end: at, text: linesOf(rest, value, column).join("") };
}

function linesOf(path: readonly Step[], value: Leaf, column: number): string[] {
  const [step, ...rest] = path;
  const lead = " ".repeat(column) + (typeof step === "number" ? "-" : `${keyText(String(step))}:`);
  if (rest.length === 0) return [`${lead} ${renderScalar(value, false)}\n`];
  return [`${lead}\n`, ...linesOf(rest, value, column + 2)];
}

function flowOf(path: readonly Step[], value: Leaf, isInMap: boolean): string {
  const [step, ...rest] = path;
  if (step === undefined) return renderScalar(value, true);
  const inner = rest.length === 0 ? renderScalar(value, true) : flowOf(rest, value, false);
  if (typeof step === "number") return `[${inner}]`;
  return isInMap ? `${quoted(step)}: ${inner}` : `{${quoted(step)}: ${inner}}`;
}

function keyText(key: string): string {
  return renderScalar({ type: "leaf", kind: "str", text: key }, true);
}
