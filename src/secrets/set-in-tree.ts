// Sets one value in a tree, for formats that are written whole.
import type { Branch, Leaf, List, Node } from "./tree.ts";
import { unreadable } from "./format.ts";
import type { Step } from "./format.ts";

/** A new tree; throws Problem when the path leads through a value, or names a whole map or list. */
export function setInTree(branch: Branch, path: readonly Step[], value: Leaf, where: string): Branch {
  const made = setIn(branch, path, value, `${where} ${path.join("/")}`);
  if (made.type !== "map") throw unreadable(where, "names no value", "name a key: a/b/c");
  return made;
}

function setIn(node: Node | undefined, path: readonly Step[], value: Leaf, where: string): Node {
  const [step, ...rest] = path;
  if (step === undefined) {
    if (node === undefined || node.type === "leaf") return value;
    throw unreadable(where, "is a map or a list", "name a value inside it");
  }
  const here: Node = node ?? (typeof step === "number" ? { type: "list", items: [] } : { type: "map", entries: [] });
  if (here.type === "map") return setInMap(here, String(step), rest, value, where);
  if (here.type === "list") return setInList(here, step, rest, value, where);
  throw unreadable(where, `${String(step)} would stand inside a value`, "name another key");
}

function setInMap(map: Branch, key: string, rest: readonly Step[], value: Leaf, where: string): Branch {
  const isThere = map.entries.some((entry) => entry.type === "entry" && entry.key === key);
  if (!isThere) {
    return {
      type: "map",
      entries: [...map.entries, { type: "entry", key, node: setIn(undefined, rest, value, where) }],
    };
  }
  const entries = map.entries.map((entry) =>
    entry.type === "entry" && entry.key === key ? { ...entry, node: setIn(entry.node, rest, value, where) } : entry,
  );
  return { type: "map", entries };
}

function setInList(list: List, step: Step, rest: readonly Step[], value: Leaf, where: string): List {
  const items = list.items.filter((item): item is Node => item.type !== "comment");
  if (typeof step !== "number" || step > items.length) {
    throw unreadable(where, `${String(step)} is not a position of this list (0 to ${items.length})`, "name a position");
  }
  const made = setIn(items[step], rest, value, where);
  return { type: "list", items: step === items.length ? [...items, made] : items.with(step, made) };
}
