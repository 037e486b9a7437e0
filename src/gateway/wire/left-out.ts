// What a client asked for and the other dialect has no word for. It is told in a header: without it a lost `seed` looks like a
// model that does not keep its word.
import type { JsonObject } from "../json.ts";

/** A client may name its fields as it likes; only these become part of a header. */
const NAME = /^[a-z][a-z0-9_]{0,39}$/;
const MOST = 20;

/** Names of the request's own fields that are not among those that its translation reads. */
export function leftOut(asked: JsonObject, read: ReadonlySet<string>): string[] {
  const names = Object.keys(asked).filter((name) => !read.has(name) && !isNothing(asked[name]));
  return names.filter((name) => NAME.test(name)).slice(0, MOST);
}

/** `store: false` asks for nothing, like a field that is not there. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === false;
}
