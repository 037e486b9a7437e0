// Goes through every string and every key of a request, in either dialect. Nothing is left out because of where it stands,
// but for the few places whose content is the protocol's own or must not change.
import { isObject, type JsonObject } from "../json.ts";
import { aboutKey } from "./context.ts";
import { Unclean } from "./unclean.ts";

export type Visit = {
  /** A text, and what the keys speak of under which it stands; answers with what takes its place. */
  readonly text: (text: string, hint: number) => string;
  /** A whole number, which identifiers are written as, too; answers with itself or with what takes its place. */
  readonly number: (value: number, hint: number) => string | number;
  /** A text that must stay as it is: what a model thought is signed. */
  readonly thought: (text: string) => void;
  /** Images and documents pass by without being read. */
  readonly isMediaLet: boolean;
};

/** The model's name is the route's own. */
const EXEMPT_AT_TOP: ReadonlySet<string> = new Set(["model"]);

export function walkBody(body: JsonObject, visit: Visit): JsonObject {
  return walkObject(body, 0, visit, EXEMPT_AT_TOP);
}

function walk(value: unknown, hint: number, visit: Visit): unknown {
  if (typeof value === "string") return visit.text(value, hint);
  if (typeof value === "number") return walkNumber(value, hint, visit);
  if (Array.isArray(value)) return walkArray(value, hint, visit);
  return isObject(value) ? walkBlock(value, hint, visit) : value;
}

/** What has to be hidden becomes a string. */
function walkNumber(value: number, hint: number, visit: Visit): string | number {
  return Number.isSafeInteger(value) && value >= 10_000_000 ? visit.number(value, hint) : value;
}

/** The same array when nothing in it has changed. */
function walkArray(list: readonly unknown[], hint: number, visit: Visit): readonly unknown[] {
  let changed: unknown[] | undefined;
  for (const [index, item] of list.entries()) {
    const clean = walk(item, hint, visit);
    if (clean === item && changed === undefined) continue;
    changed ??= list.slice(0, index);
    changed.push(clean);
  }
  return changed ?? list;
}

function walkBlock(block: JsonObject, hint: number, visit: Visit): JsonObject {
  switch (block["type"]) {
    case "thinking":
    case "redacted_thinking":
      return walkThought(block, visit);
    case "image":
    case "image_url":
      return visit.isMediaLet ? block : refuse("image_block");
    case "document":
      return walkDocument(block, hint, visit);
    default:
      return walkObject(block, hint, visit);
  }
}

function refuse(what: "image_block" | "document_block"): never {
  const shown = what === "image_block" ? "an image" : "a document";
  throw new Unclean(`${shown} cannot be looked through, so it does not leave`, "invalid_request_error", what);
}

/** Signed by the model's maker: one changed byte and the next turn is refused. */
function walkThought(block: JsonObject, visit: Visit): JsonObject {
  for (const [key, value] of Object.entries(block)) {
    if (typeof value === "string" && !isOpaque(key, value)) visit.thought(value);
    if (typeof value === "object" && value !== null) visit.thought(JSON.stringify(value));
  }
  return block;
}

/** Base64 of the maker's own, which says nothing to anybody else. */
function isOpaque(key: string, value: string): boolean {
  return (key === "signature" || key === "data") && /^[A-Za-z0-9+/_-]*={0,2}$/.test(value) && /[A-Za-z]{2}/.test(value);
}

function walkDocument(block: JsonObject, hint: number, visit: Visit): JsonObject {
  const { source } = block;
  const isRead = isObject(source) && (source["type"] === "text" || source["type"] === "content");
  if (isRead) return walkObject(block, hint, visit);
  return visit.isMediaLet ? block : refuse("document_block");
}

const hints = new Map<string, number>();

/** What a key speaks of. Keys come again and again, but a client could make up many. */
function hintOf(key: string): number {
  const known = hints.get(key);
  if (known !== undefined) return known;
  const hint = aboutKey(key);
  if (hints.size < 10_000 && key.length < 64) hints.set(key, hint);
  return hint;
}

function walkObject(
  object: JsonObject,
  hint: number,
  visit: Visit,
  exempt: ReadonlySet<string> = new Set(),
): JsonObject {
  let changed: Record<string, unknown> | undefined;
  for (const [index, [key, value]] of Object.entries(object).entries()) {
    const cleanKey = visit.text(key, 0);
    const cleanValue = exempt.has(key) ? value : walkValue(key, value, hint, visit);
    if (cleanKey === key && cleanValue === value && changed === undefined) continue;
    changed ??= Object.fromEntries(Object.entries(object).slice(0, index));
    // Not an assignment: a key may be called __proto__.
    Object.defineProperty(changed, cleanKey, {
      value: cleanValue,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return changed ?? object;
}

function walkValue(key: string, value: unknown, hint: number, visit: Visit): unknown {
  // The arguments of a call in chat form are JSON inside a string: what they hold is looked at as what it is.
  if (key === "arguments" && typeof value === "string") return walkJson(value, hint, visit);
  return walk(value, hintOf(key) | hint, visit);
}

function walkJson(text: string, hint: number, visit: Visit): string {
  const value = parsed(text);
  if (value === undefined) return visit.text(text, hint);
  const clean = walk(value, hint, visit);
  return clean === value ? text : JSON.stringify(clean);
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
