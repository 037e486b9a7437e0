// A secrets file as SOPS sees it: maps and lists in document order, comments among them, leaves as typed plain text.

/** SOPS's types, and null, which SOPS leaves as it is. */
export type LeafKind = "str" | "int" | "float" | "bool" | "time" | "bytes" | "null";

/** `text` is the value the way SOPS turns it into bytes: `True`, `12`, `2026-01-02T00:00:00Z`. */
export type Leaf = { readonly type: "leaf"; readonly kind: LeafKind; readonly text: string };
export type Comment = { readonly type: "comment"; readonly text: string };
type Entry = { readonly type: "entry"; readonly key: string; readonly node: Node };
export type Branch = { readonly type: "map"; readonly entries: readonly (Comment | Entry)[] };
export type List = { readonly type: "list"; readonly items: readonly (Comment | Node)[] };
export type Node = Leaf | Branch | List;
export type Slot = Leaf | Comment;

/** Where a slot stands: the map keys above it (list positions do not count) and the comments that speak for it. */
export type Place = {
  readonly path: readonly string[];
  readonly comments: readonly (readonly string[])[];
  readonly isInList: boolean;
};

/** What a slot becomes: ciphertext, or the plain value. Keyed by the slot itself. */
export type Replacements = ReadonlyMap<Slot, Slot>;

export function leaf(kind: LeafKind, text: string): Leaf {
  return { type: "leaf", kind, text };
}

/** Calls `visit` for every leaf and comment in document order. */
export function walk(branches: readonly Branch[], visit: (slot: Slot, place: Place) => void): void {
  for (const branch of branches) walkNode(branch, { path: [], comments: [], isInList: false }, visit);
}

/** Names of all values, `a/b`; items of a list share the list's. */
export function namesOf(branches: readonly Branch[]): readonly string[] {
  const found = new Set<string>();
  walk(branches, (slot, { path }) => {
    if (slot.type === "leaf") found.add(path.join("/"));
  });
  return [...found];
}

function walkNode(node: Node, place: Place, visit: (slot: Slot, place: Place) => void): void {
  if (node.type === "leaf") {
    visit(node, place);
    return;
  }
  let active: string[] = [];
  for (const item of node.type === "map" ? node.entries : node.items) {
    if (item.type === "comment") active.push(item.text);
    const comments = [...place.comments, [...active]];
    const here = { path: place.path, comments, isInList: node.type === "list" };
    if (item.type === "comment") visit(item, here);
    else if (item.type === "entry") walkNode(item.node, { ...here, path: [...place.path, item.key] }, visit);
    else walkNode(item, here, visit);
    if (item.type !== "comment") active = [];
  }
}
