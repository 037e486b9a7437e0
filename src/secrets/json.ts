// JSON: order and indentation are kept; numbers keep their text, so that nothing is rounded on the way.
import { getNodeValue, parseTree } from "jsonc-parser";
import type { Node as JsonNode, ParseError } from "jsonc-parser";
import { leaf } from "./tree.ts";
import type { Branch, Comment, Leaf, Node, Replacements, Slot } from "./tree.ts";
import { MAX_DEPTH, MAX_SLOTS, tooLarge, unreadable } from "./format.ts";
import type { Format, ParsedFile } from "./format.ts";
import { setInTree } from "./set-in-tree.ts";
import { floatText } from "./yaml-scalar.ts";

const METADATA_KEY = "sops";

export const json: Format = {
  name: "json",
  parse: parseJson,
  set: (text, path, value, where) => {
    const { branches } = parseJson(text === "" ? "{}" : text, where);
    const [branch = { type: "map", entries: [] }] = branches;
    return write(setInTree(branch, path, value, where), new Map(), undefined, indentOf(text));
  },
};

function parseJson(text: string, where: string): ParsedFile {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  const [error] = errors;
  if (error !== undefined || root === undefined) {
    const line = text.slice(0, error?.offset ?? 0).split("\n").length;
    throw unreadable(`${where}:${line}`, "is not JSON");
  }
  if (root.type !== "object") throw unreadable(where, "should be an object at the top", "put the values under keys");
  const counter = { slots: 0 };
  const whole = branchOf(text, root, where, 0, counter);
  const branch: Branch = { type: "map", entries: whole.entries.filter((entry) => keyOf(entry) !== METADATA_KEY) };
  const member = root.children?.find((property) => property.children?.[0]?.value === METADATA_KEY)?.children?.[1];
  return {
    branches: [branch],
    metadata: member === undefined ? undefined : getNodeValue(member),
    render: (slots, metadata) => write(branch, slots, metadata, indentOf(text)),
  };
}

function keyOf(entry: Branch["entries"][number]): string | undefined {
  return entry.type === "entry" ? entry.key : undefined;
}

function branchOf(text: string, node: JsonNode, where: string, depth: number, counter: { slots: number }): Branch {
  const seen = new Set<string>();
  const entries = (node.children ?? []).flatMap(({ children: [key, value] = [] }) => {
    if (key === undefined || value === undefined) return [];
    const name = String(key.value);
    if (seen.has(name)) throw unreadable(where, `has the key ${JSON.stringify(name)} twice`, "keep one of them");
    seen.add(name);
    return [{ type: "entry" as const, key: name, node: nodeOf(text, value, where, depth + 1, counter) }];
  });
  return { type: "map", entries };
}

function nodeOf(text: string, node: JsonNode, where: string, depth: number, counter: { slots: number }): Node {
  if (depth > MAX_DEPTH) throw tooLarge(where, `is nested deeper than ${MAX_DEPTH} levels`);
  counter.slots += 1;
  if (counter.slots > MAX_SLOTS) throw tooLarge(where, `holds more than ${MAX_SLOTS} values`);
  if (node.type === "object") return branchOf(text, node, where, depth, counter);
  if (node.type === "array") {
    return { type: "list", items: (node.children ?? []).map((item) => nodeOf(text, item, where, depth + 1, counter)) };
  }
  const source = text.slice(node.offset, node.offset + node.length);
  if (node.type === "string") return leaf("str", String(node.value));
  if (node.type === "boolean") return leaf("bool", source === "true" ? "True" : "False");
  if (node.type === "number") return numberOf(source);
  return leaf("null", "");
}

function numberOf(source: string): Leaf {
  const isInt = /^-?\d+$/.test(source) && BigInt.asIntN(64, BigInt(source)) === BigInt(source);
  return isInt ? leaf("int", String(BigInt(source))) : leaf("float", floatText(source));
}

/** SOPS's own indentation is a tab. */
function indentOf(text: string): string {
  return /^\{\s*?\n([ \t]+)"/.exec(text)?.[1] ?? "\t";
}

/** Written by hand: a JavaScript object would move keys that look like numbers to the front. */
function write(
  branch: Branch,
  slots: Replacements,
  metadata: Readonly<Record<string, unknown>> | undefined,
  indent: string,
): string {
  const members = membersOf(branch, slots, indent, indent);
  if (metadata !== undefined) {
    const text = JSON.stringify(metadata, null, indent).replaceAll("\n", `\n${indent}`);
    members.push(`${JSON.stringify(METADATA_KEY)}: ${text}`);
  }
  return members.length === 0 ? "{}\n" : `{\n${indent}${members.join(`,\n${indent}`)}\n}\n`;
}

function membersOf(branch: Branch, slots: Replacements, indent: string, lead: string): string[] {
  return branch.entries.flatMap((entry) =>
    entry.type === "entry" ? [`${JSON.stringify(entry.key)}: ${valueText(entry.node, slots, indent, lead)}`] : [],
  );
}

function valueText(node: Node, slots: Replacements, indent: string, lead: string): string {
  if (node.type === "leaf") return scalarText(slots.get(node) ?? node);
  const deeper = lead + indent;
  const parts =
    node.type === "map"
      ? membersOf(node, slots, indent, deeper)
      : node.items.flatMap((item) => (isComment(item, slots) ? [] : [valueText(item, slots, indent, deeper)]));
  const [open, close] = node.type === "map" ? "{}" : "[]";
  if (parts.length === 0) return `${open}${close}`;
  return `${open}\n${deeper}${parts.join(`,\n${deeper}`)}\n${lead}${close}`;
}

/** A list's comment that SOPS wrote as an item: JSON has no place for it. */
function isComment(item: Node | Comment, slots: Replacements): item is Comment {
  return item.type === "comment" || (item.type === "leaf" && slots.get(item)?.type === "comment");
}

function scalarText(value: Slot): string {
  if (value.type === "comment") return "null";
  switch (value.kind) {
    case "null":
      return "null";
    case "bool":
      return value.text === "True" ? "true" : "false";
    case "int":
      return value.text;
    case "float":
      return value.text.includes(".") || /[a-z]/i.test(value.text) ? value.text : `${value.text}.0`;
    default:
      return JSON.stringify(value.text);
  }
}
