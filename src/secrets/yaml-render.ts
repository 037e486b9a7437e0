// New text for slots, and for aliases: a splice is a list of places and what to put there.
import type { Leaf, Node, Replacements, Slot } from "./tree.ts";
import { quoted, renderScalar } from "./yaml-scalar.ts";
import { COPY_MARK } from "./yaml-tree.ts";
import type { Spot, YamlTree } from "./yaml-tree.ts";

export type Edit = { readonly start: number; readonly end: number; readonly text: string };

/** Applies edits; one that lies inside an earlier, larger one is dropped with it. */
export function splice(text: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (edit.start < at) continue;
    parts.push(text.slice(at, edit.start), edit.text);
    at = edit.end;
  }
  return parts.join("") + text.slice(at);
}

export function renderSlots(tree: YamlTree, replaced: Replacements): Edit[] {
  const edits: Edit[] = [];
  for (const [slot, value] of replaced) {
    const spot = tree.spots.get(slot);
    if (spot === undefined) continue;
    const isComment = slot.type === "comment";
    if (value.type === "comment" && !isComment) edits.push(itemToComment(spot, value));
    else if (isComment || value.type === "comment")
      edits.push({ start: spot.start, end: spot.end, text: `#${value.text}` });
    else edits.push(leafEdit(tree, spot, value, replaced));
  }
  return edits;
}

/** SOPS keeps a comment of a list as one of its items; here it is a comment again. */
function itemToComment(spot: Spot, value: Slot): Edit {
  const start = spot.dash ?? spot.start;
  return { start, end: spot.end, text: spot.isFlow ? "null" : `#${value.text}` };
}

function leafEdit(tree: YamlTree, spot: Spot, value: Leaf, replaced: Replacements): Edit {
  const { start, end, lineComment } = spot;
  const comment = lineComment === undefined ? undefined : tree.spots.get(lineComment);
  const isInside = comment !== undefined && comment.start < end;
  // A block of lines ends with its own line break, and may hold the comment in its first line.
  const lineEnd = spot.endsLine ? "\n" : "";
  const text = renderLeaf(value, spot);
  if (!isInside) return { start, end, text: text + lineEnd };
  const shown = lineComment === undefined ? "" : (replaced.get(lineComment)?.text ?? lineComment.text);
  return { start, end, text: `${text} #${shown}${lineEnd}` };
}

/** A leaf at its place: several lines as a block where YAML can hold them unchanged, else quoted. */
function renderLeaf(value: Leaf, spot: Pick<Spot, "isFlow" | "column" | "lineComment">): string {
  const isText = value.kind === "str" || value.kind === "bytes";
  if (!isText || spot.isFlow || spot.lineComment !== undefined || !canBeBlock(value.text)) {
    return renderScalar(value, spot.isFlow);
  }
  const indent = " ".repeat(spot.column + 2);
  const body = value.text.endsWith("\n") ? value.text.slice(0, -1) : value.text;
  const lines = body.split("\n").map((line) => (line === "" ? "" : indent + line));
  return `|${value.text.endsWith("\n") ? "" : "-"}\n${lines.join("\n")}`;
}

function canBeBlock(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- what YAML cannot hold in a block, or would fold or strip
  const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|[ \t](\n|$)|\n\n$/;
  return text.includes("\n") && /^[^\s#-]/.test(text) && !unsafe.test(text);
}

/**
 * An alias cannot survive encryption: each copy is bound to its own path. It is written as a copy marked by its anchor's
 * name, and becomes an alias again when both are still equal.
 */
export function renderCopies(tree: YamlTree, replaced: Replacements, isEncrypting: boolean): Edit[] {
  return tree.copies.flatMap(({ start, end, anchor, node, target }): Edit[] => {
    if (target === undefined) return [];
    if (isEncrypting) {
      if (!touches(node, replaced) && !touches(target, replaced)) return [];
      return [{ start, end, text: `&${COPY_MARK}${anchor} ${renderFlow(node, replaced)}` }];
    }
    return renderFlow(node, replaced) === renderFlow(target, replaced) ? [{ start, end, text: `*${anchor}` }] : [];
  });
}

function touches(node: Node, replaced: Replacements): boolean {
  if (node.type === "leaf") return replaced.has(node);
  if (node.type === "list") return node.items.some((item) => item.type !== "comment" && touches(item, replaced));
  return node.entries.some((entry) => entry.type === "entry" && touches(entry.node, replaced));
}

/** A node on one line; comments are left out. */
function renderFlow(node: Node, replaced: Replacements): string {
  if (node.type === "leaf") {
    const value = replaced.get(node) ?? node;
    return value.type === "leaf" ? renderScalar(value, true) : "null";
  }
  if (node.type === "list") {
    const items = node.items.flatMap((item) => (item.type === "comment" ? [] : [renderFlow(item, replaced)]));
    return `[${items.join(", ")}]`;
  }
  const entries = node.entries.flatMap((entry) =>
    entry.type === "entry" ? [`${quoted(entry.key)}: ${renderFlow(entry.node, replaced)}`] : [],
  );
  return `{${entries.join(", ")}}`;
}
