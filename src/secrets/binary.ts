// SOPS's form for any other file: JSON with the whole text as one value, `data`.
import { leaf } from "./tree.ts";
import type { Leaf, Replacements } from "./tree.ts";
import { unreadable } from "./format.ts";
import type { Format, ParsedFile } from "./format.ts";
import { json } from "./json.ts";

const KEY = "data";

export const binary: Format = {
  name: "binary",
  parse: (text, where) => (isEnvelope(text) ? parseEnvelope(text, where) : parsePlain(text)),
  set: (_text, path, value, where) => {
    if (path.length === 1 && path[0] === KEY && value.kind === "str") return value.text;
    throw unreadable(`${where} ${path.join("/")}`, `should be ${KEY}: the file is one value`);
  },
};

function isEnvelope(text: string): boolean {
  return /^\s*\{\s*"data"\s*:\s*"ENC\[/.test(text);
}

function parseEnvelope(text: string, where: string): ParsedFile {
  const parsed = json.parse(text, where);
  return {
    ...parsed,
    render: (slots, metadata) => (metadata === undefined ? dataOf(slots, where) : parsed.render(slots, metadata)),
  };
}

function dataOf(slots: Replacements, where: string): string {
  const [only, ...more] = slots.values();
  if (only === undefined || more.length > 0) throw unreadable(where, `should hold one value, ${KEY}`);
  return only.text;
}

function parsePlain(text: string): ParsedFile {
  const data: Leaf = leaf("str", text);
  return {
    branches: [{ type: "map", entries: [{ type: "entry", key: KEY, node: data }] }],
    metadata: undefined,
    render: (slots, metadata) =>
      metadata === undefined
        ? (slots.get(data) ?? data).text
        : `${JSON.stringify({ [KEY]: (slots.get(data) ?? data).text, sops: metadata }, null, "\t")}\n`,
  };
}
