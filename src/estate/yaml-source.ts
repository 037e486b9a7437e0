// A YAML 1.2 file with the line of everything in it. Refuses what YAML allows and an estate does not want: a key
// twice, unknown tags, several documents, aliases that blow up.
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Finding, Path } from "./finding.ts";

export type YamlSource = {
  /** Relative to the estate. */
  readonly file: string;
  readonly value: unknown;
  /** The line of the deepest part of `path` that is there. */
  lineOf(path: Path): number;
};

/** More aliases than any person writes by hand; each is counted with what it refers to. */
const MAX_ALIASES = 100;

/** Reads the text of `file`; findings instead of a source when it is not YAML as an estate allows it. */
export function parseYaml(file: string, text: string): YamlSource | readonly Finding[] {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, logLevel: "silent" });
    const faults = [...document.errors, ...document.warnings];
    if (faults.length > 0) {
      return faults.map((fault) => finding(file, lines.linePos(fault.pos[0]).line, lowerFirst(fault.message)));
    }
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { file, value, lineOf: (path) => lineOf(document, lines, path) };
  } catch (error) {
    return [finding(file, undefined, tooMuch(error))];
  }
}

function finding(file: string, line: number | undefined, what: string): Finding {
  return { file, line, path: [], what, fix: `correct the YAML of ${file}` };
}

/** ReferenceError is the alias limit, RangeError a nesting deeper than the stack. Anything else is a bug. */
function tooMuch(error: unknown): string {
  if (error instanceof ReferenceError) return "should hold fewer aliases (`*name`): together they are too large";
  if (error instanceof RangeError) return "should be nested less deeply";
  throw error;
}

function lowerFirst(message: string): string {
  return message.slice(0, 1).toLowerCase() + message.slice(1);
}

function lineOf(document: Document, lines: LineCounter, path: Path): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of path) {
    const next = step(resolved(document, node), part);
    if (next === undefined) break;
    offset = startOf(next.at) ?? offset;
    node = next.value;
  }
  return lines.linePos(offset).line;
}

function resolved(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

/** Where `part` stands inside `node` (a map's key, a list's item), and what is there. */
function step(node: unknown, part: string | number): { at: unknown; value: unknown } | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
    return pair === undefined ? undefined : { at: pair.key, value: pair.value };
  }
  if (!isSeq(node) || typeof part !== "number") return undefined;
  const item = node.items[part];
  return item === undefined ? undefined : { at: item, value: item };
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
