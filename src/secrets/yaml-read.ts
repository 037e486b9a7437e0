// Text -> YAML documents, refusing what is not clean.
import { isMap, isScalar, LineCounter, parseAllDocuments } from "yaml";
import type { Document, YAMLMap } from "yaml";
import { unreadable } from "./format.ts";

export type ParsedYaml = Document.Parsed;

/** Parses and refuses what is not clean YAML; aliases are resolved by us, under our own limits. */
export function readYaml(text: string, where: string): ParsedYaml[] {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { schema: "core", lineCounter: lines, prettyErrors: false });
  // An empty stream is answered as an object without documents.
  const documents = Array.isArray(parsed) ? (parsed as ParsedYaml[]) : [];
  for (const { errors } of documents) {
    const [error] = errors;
    if (error === undefined) continue;
    const line = lines.linePos(error.pos[0]).line;
    // The parser's message may quote a value: only its kind is told.
    throw unreadable(`${where}:${line}`, `is not YAML: ${error.code.toLowerCase().replaceAll("_", " ")}`);
  }
  if (documents.length === 0) throw unreadable(where, "is empty", "write at least one key");
  return documents;
}

/** The root map; undefined for an empty document. */
export function rootOf(document: ParsedYaml, where: string): YAMLMap | undefined {
  const root = document.contents;
  if (root === null || (isScalar(root) && root.source === "")) return undefined;
  if (isMap(root) && root.flow === true && root.items.length > 0) {
    throw unreadable(where, "is one flow map { ... }", "write it as lines of `key: value`, or as a .json file");
  }
  if (isMap(root)) return root;
  throw unreadable(where, "should be a map at the top", "put the values under keys");
}

/** Calls a `toJS` of the library; throws Problem where an alias stands that is not allowed, or multiplies too much. */
export function plainData(read: () => unknown, where: string): unknown {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof ReferenceError)
      throw unreadable(where, "has an alias where none may be", "write the value out");
    throw cause;
  }
}
