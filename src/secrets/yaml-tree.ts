// YAML document -> the tree SOPS sees, with the place of every slot in the text.
import { isAlias, isMap, isNode, isScalar, isSeq } from "yaml";
import type { Alias, Document, Node as YamlNode, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { leaf } from "./tree.ts";
import type { Branch, Comment, Leaf, List, Node, Slot } from "./tree.ts";
import { MAX_DEPTH, MAX_SLOTS, tooLarge, unreadable } from "./format.ts";
import type { CommentQueue, YamlComment } from "./yaml-comments.ts";
import { plainScalar } from "./yaml-scalar.ts";

/** Where a slot's text stands, and what may be written there. */
export type Spot = {
  readonly start: number;
  readonly end: number;
  readonly isFlow: boolean;
  /** Column of the map or list it stands in. */
  readonly column: number;
  /** A comment after it on its line, which a block of lines would swallow. */
  readonly lineComment: Comment | undefined;
  /** A block of lines, whose text includes its last line break. */
  readonly endsLine: boolean;
  /** Offset of the dash, for an item of a block list. */
  readonly dash: number | undefined;
};

/** A copy of an anchored node: written as an alias in clear, as a marked copy when encrypted (each copy has its own AAD). */
type Copy = {
  readonly start: number;
  readonly end: number;
  readonly anchor: string;
  readonly node: Node;
  readonly target: Node | undefined;
};

export type YamlTree = {
  readonly spots: Map<Slot, Spot>;
  readonly copies: Copy[];
  readonly anchors: Map<string, Node>;
};

export const COPY_MARK = "alias-of-";
export const METADATA_KEY = "sops";

export type TreeContext = {
  readonly text: string;
  readonly where: string;
  readonly document: Document;
  readonly comments: CommentQueue;
  readonly tree: YamlTree;
  slots: number;
};

type Around = {
  readonly column: number;
  readonly limit: number;
  readonly isFlow: boolean;
  readonly depth: number;
  readonly isItem: boolean;
};

/** The tree of one document. Throws Problem on what SOPS would not read either, and on bombs. */
export function branchOf(context: TreeContext, root: YAMLMap, limit: number): Branch {
  return mapOf(context, root, { column: 0, limit, isFlow: false, depth: 0, isItem: false });
}

function collectionOf(context: TreeContext, node: YAMLMap | YAMLSeq, around: Around): Node {
  if (around.depth > MAX_DEPTH) throw tooLarge(context.where, `is nested deeper than ${MAX_DEPTH} levels`);
  const inner = { ...around, column: columnOf(context, node) };
  const made = isMap(node) ? mapOf(context, node, inner) : listOf(context, node, inner);
  remember(context, node, made);
  return made;
}

function mapOf(context: TreeContext, map: YAMLMap, around: Around): Branch {
  const isFlow = map.flow === true || around.isFlow;
  const entries: Branch["entries"][number][] = [];
  map.items.forEach((pair, index) => {
    const [key, start] = keyOf(context, pair);
    entries.push(...context.comments.before(start).map((comment) => commentOf(context, comment)));
    const limit = limitAfter(map.items[index + 1]?.key, around);
    const inner = { ...around, isFlow, limit, depth: around.depth + 1, isItem: false };
    if (around.depth === 0 && key === METADATA_KEY) {
      context.comments.before(endOf(pair));
      return;
    }
    const { comments, node } = valueOf(context, pair.value, inner, start);
    entries.push(...comments, { type: "entry", key, node });
  });
  entries.push(...footOf(context, map, around));
  return { type: "map", entries };
}

function listOf(context: TreeContext, list: YAMLSeq, around: Around): List {
  const isFlow = list.flow === true || around.isFlow;
  const items: List["items"][number][] = [];
  list.items.forEach((item, index) => {
    const start = rangeOf(item)[0];
    items.push(...context.comments.before(start).map((comment) => commentOf(context, comment)));
    const limit = limitAfter(list.items[index + 1], around);
    const inner = { ...around, isFlow, limit, depth: around.depth + 1, isItem: true };
    const { comments, node } = valueOf(context, item, inner, start);
    items.push(...comments, node);
  });
  items.push(...footOf(context, list, around));
  return { type: "list", items };
}

/** A value and the comments that stand before it in SOPS's order: those between key and value, then the one on its line. */
function valueOf(
  context: TreeContext,
  value: unknown,
  around: Around,
  keyStart: number,
): { comments: Comment[]; node: Node } {
  if (value === null || value === undefined) return { comments: [], node: leaf("null", "") };
  const node = value;
  if (isMap(node) || isSeq(node)) {
    const comments = node.flow === true ? [] : context.comments.sameLine(keyStart);
    return {
      comments: comments.map((comment) => commentOf(context, comment)),
      node: collectionOf(context, node, around),
    };
  }
  const [start, end] = rangeOf(node);
  const isBlock = isScalar(node) && (node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED");
  const isEmpty = start === end;
  const comments = context.comments.before(start).map((comment) => commentOf(context, comment));
  const line = isEmpty ? [] : context.comments.sameLine(isBlock ? start : end);
  comments.push(...line.map((comment) => commentOf(context, comment)));
  const lineComment = line.length > 0 ? comments.at(-1) : undefined;
  if (isAlias(node)) return { comments, node: aliasOf(context, node) };
  if (!isScalar(node)) throw unreadable(context.where, "holds a YAML node of an unknown kind");
  const made = leafOf(context, node, around, lineComment);
  remember(context, node, made);
  return { comments, node: made };
}

function remember(context: TreeContext, node: YamlNode, made: Node): void {
  const anchor = "anchor" in node ? (node.anchor ?? "") : "";
  if (anchor === "") return;
  if (!anchor.startsWith(COPY_MARK)) {
    context.tree.anchors.set(anchor, made);
    return;
  }
  const [from, end] = rangeOf(node);
  const start = context.text.lastIndexOf(`&${anchor}`, from);
  const name = anchor.slice(COPY_MARK.length);
  context.tree.copies.push({ start, end, anchor: name, node: made, target: context.tree.anchors.get(name) });
}

function aliasOf(context: TreeContext, alias: Alias): Node {
  const target = context.tree.anchors.get(alias.source);
  if (target === undefined)
    throw unreadable(context.where, `has an alias *${alias.source} without an anchor before it`);
  const node = copyOf(context, target);
  const [start, end] = rangeOf(alias);
  context.tree.copies.push({ start, end, anchor: alias.source, node, target });
  return node;
}

function copyOf(context: TreeContext, node: Node): Node {
  count(context);
  if (node.type === "leaf") return { ...node };
  if (node.type === "list") {
    return {
      type: "list",
      items: node.items.flatMap((item) => (item.type === "comment" ? [] : [copyOf(context, item)])),
    };
  }
  const entries = node.entries.flatMap((entry) =>
    entry.type === "comment" ? [] : [{ ...entry, node: copyOf(context, entry.node) }],
  );
  return { type: "map", entries };
}

function leafOf(context: TreeContext, node: Scalar, around: Around, lineComment: Comment | undefined): Leaf {
  count(context);
  const made = typed(context, node);
  const [start, end] = rangeOf(node);
  const endsLine = end > start && context.text[end - 1] === "\n";
  const { isFlow, column, isItem } = around;
  const dash = isItem && !isFlow ? context.text.lastIndexOf("-", start - 1) : undefined;
  context.tree.spots.set(made, { start, end, isFlow, column, lineComment, endsLine, dash });
  return made;
}

function typed(context: TreeContext, node: Scalar): Leaf {
  if (node.tag !== undefined && node.tag !== "tag:yaml.org,2002:str") {
    throw unreadable(lineWhere(context, node), `has the tag ${node.tag}`, "quote the value instead of tagging it");
  }
  if (node.type !== "PLAIN" || node.tag !== undefined) return leaf("str", String(node.source ?? node.value));
  const made = plainScalar(node.source ?? "");
  if (made !== undefined) return made;
  throw unreadable(lineWhere(context, node), "is an integer beyond 64 bits", "put it in quotes");
}

function keyOf(context: TreeContext, pair: Pair): [string, number] {
  const { key } = pair;
  if (!isScalar(key)) throw unreadable(context.where, "has a map key that is not text", "use plain text keys");
  const made = typed(context, key);
  if (made.kind !== "str") {
    throw unreadable(lineWhere(context, key), `has a key that YAML reads as ${made.kind}`, "put the key in quotes");
  }
  return [made.text, rangeOf(key)[0]];
}

function commentOf(context: TreeContext, { start, end, text }: YamlComment): Comment {
  count(context);
  const comment: Comment = { type: "comment", text };
  context.tree.spots.set(comment, {
    start,
    end,
    isFlow: false,
    column: 0,
    lineComment: undefined,
    endsLine: false,
    dash: undefined,
  });
  return comment;
}

function footOf(context: TreeContext, node: YAMLMap | YAMLSeq, around: Around): Comment[] {
  const end = rangeOf(node)[1];
  const found =
    node.flow === true
      ? [...context.comments.before(end), ...context.comments.sameLine(end)]
      : context.comments.trailing(around.column, around.limit);
  return found.map((comment) => commentOf(context, comment));
}

function limitAfter(next: unknown, around: Around): number {
  return next === undefined || next === null ? around.limit : rangeOf(next)[0];
}

function endOf(pair: Pair): number {
  return rangeOf(pair.value ?? pair.key)[1];
}

function columnOf(context: TreeContext, node: YamlNode): number {
  const start = rangeOf(node)[0];
  return start - (context.text.lastIndexOf("\n", start - 1) + 1);
}

export function rangeOf(node: unknown): readonly [number, number, number] {
  // `yaml` types keys, values and items as unknown; parsed ones are nodes, and have a range.
  if (isNode(node) && node.range !== null && node.range !== undefined) return node.range;
  throw new TypeError("a parsed YAML node without a range");
}

function count(context: TreeContext): void {
  context.slots += 1;
  if (context.slots > MAX_SLOTS) throw tooLarge(context.where, `holds more than ${MAX_SLOTS} values`);
}

function lineWhere(context: TreeContext, node: YamlNode): string {
  const line = context.text.slice(0, rangeOf(node)[0]).split("\n").length;
  return `${context.where}:${line}`;
}
