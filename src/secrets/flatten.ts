// SOPS's flat form of metadata for formats without nesting: age__list_0__map_recipient.
import { unreadable } from "./format.ts";

const MAP = "__map_";
const LIST = "__list_";
const MAX_LIST = 1000;

/** Flat name and text of every member, sorted as SOPS does. */
export function flatten(value: unknown, name = ""): [string, string][] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((item, at) => flatten(item, `${name}${LIST}${at}`));
  if (typeof value === "object") {
    return Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([key, member]) => flatten(member, name === "" ? key : `${name}${MAP}${key}`));
  }
  return [[name, typeof value === "string" ? value : JSON.stringify(value)]];
}

/** Throws Problem on names that contradict each other. */
export function unflatten(members: ReadonlyMap<string, string>, where: string): Record<string, unknown> {
  const root = new Map<string, unknown>();
  for (const [name, value] of members) {
    const tokens = name.split(/(?=__map_|__list_)/);
    const last = tokens.pop() ?? "";
    let here = root;
    for (const token of tokens) {
      const next = here.get(token) ?? new Map<string, unknown>();
      if (!(next instanceof Map)) throw unreadable(where, `has contradicting metadata at sops_${name}`);
      here.set(token, next);
      here = next;
    }
    if (here.has(last)) throw unreadable(where, `has contradicting metadata at sops_${name}`);
    here.set(last, value);
  }
  return record(root, where);
}

function record(map: ReadonlyMap<string, unknown>, where: string): Record<string, unknown> {
  // Without a prototype, so that a member named __proto__ is only a name.
  const made: Record<string, unknown> = Object.create(null);
  for (const [token, value] of map) made[token.replace(MAP, "")] = value instanceof Map ? nested(value, where) : value;
  return made;
}

function nested(map: ReadonlyMap<string, unknown>, where: string): unknown {
  const tokens = [...map.keys()];
  if (!tokens.some((token) => token.startsWith(LIST))) return record(map, where);
  return Array.from({ length: map.size }, (_, at) => {
    const value = map.get(`${LIST}${at}`);
    if (value === undefined || at > MAX_LIST) throw unreadable(where, "has a metadata list with gaps");
    return value instanceof Map ? nested(value, where) : value;
  });
}
