// YAML, spliced: only the characters of values and comments change, so order, layout and anchors stay as they were.
import { Document, isAlias, isMap, isScalar } from "yaml";
import type { Branch } from "./tree.ts";
import type { Format, ParsedFile } from "./format.ts";
import { commentQueue } from "./yaml-comments.ts";
import { plainData, readYaml, rootOf } from "./yaml-read.ts";
import type { ParsedYaml } from "./yaml-read.ts";
import { renderCopies, renderSlots, splice } from "./yaml-render.ts";
import type { Edit } from "./yaml-render.ts";
import { setInYaml } from "./yaml-set.ts";
import { branchOf, METADATA_KEY, rangeOf } from "./yaml-tree.ts";
import type { YamlTree } from "./yaml-tree.ts";

export const yaml: Format = { name: "yaml", parse: parseYaml, set: setInYaml };

function parseYaml(text: string, where: string): ParsedFile {
  const documents = readYaml(text, where);
  const tree: YamlTree = { spots: new Map(), copies: [], anchors: new Map() };
  const comments = commentQueue(text);
  let slots = 0;
  const branches = documents.map((document, index): Branch => {
    const limit = documents[index + 1]?.range[0] ?? text.length;
    const root = rootOf(document, where);
    if (root === undefined) return { type: "map", entries: [] };
    tree.anchors.clear();
    const context = { text, where, document, comments, tree, slots };
    const branch = branchOf(context, root, limit);
    slots = context.slots;
    return branch;
  });
  const [first] = documents;
  const metadata = first === undefined ? undefined : metadataOf(first, where);
  return {
    branches,
    metadata,
    render: (replaced, member) => {
      const edits = [...renderSlots(tree, replaced), ...renderCopies(tree, replaced, member !== undefined)];
      return splice(text, [...edits, ...documents.flatMap((one) => metadataEdits(text, one, member))]);
    },
  };
}

function metadataOf(document: ParsedYaml, where: string): unknown {
  if (!isMap(document.contents)) return undefined;
  const value: unknown = document.contents.get(METADATA_KEY, true);
  if (value === undefined) return undefined;
  return isMap(value) ? plainData(() => value.toJS(document, { maxAliasCount: 0 }), where) : value;
}

function metadataEdits(
  text: string,
  document: ParsedYaml,
  member: Readonly<Record<string, unknown>> | undefined,
): Edit[] {
  const written = member === undefined ? "" : renderMetadata(member);
  const root = document.contents;
  const pair = isMap(root) ? root.items.find(({ key }) => isScalar(key) && key.value === METADATA_KEY) : undefined;
  if (pair !== undefined) {
    const start = rangeOf(pair.key)[0];
    const end = isAlias(pair.value) || pair.value === null ? rangeOf(pair.key)[2] : rangeOf(pair.value)[2];
    return [{ start, end, text: written }];
  }
  if (member === undefined) return [];
  return [appendTo(text, document, written)];
}

function appendTo(text: string, document: ParsedYaml, written: string): Edit {
  const root = document.contents;
  // A `{}` cannot hold a block; it is empty, so the block replaces it.
  if (isMap(root) && root.flow === true) return { start: rangeOf(root)[0], end: rangeOf(root)[1], text: written };
  const end = document.range[2];
  const tail = /(^|\n)\.\.\.[^\n]*\n*$/.exec(text.slice(document.range[0], end));
  const at = tail === null ? end : document.range[0] + tail.index + (tail[1] ?? "").length;
  const isOnOwnLine = at === 0 || text[at - 1] === "\n";
  return { start: at, end: at, text: isOnOwnLine ? written : `\n${written}` };
}

function renderMetadata(member: Readonly<Record<string, unknown>>): string {
  const document = new Document({ [METADATA_KEY]: member });
  // Unquoted, SOPS would read it as a timestamp.
  const time: unknown = document.getIn([METADATA_KEY, "lastmodified"], true);
  if (isScalar(time)) time.type = "QUOTE_DOUBLE";
  return document.toString({ indent: 4, lineWidth: 0 });
}
