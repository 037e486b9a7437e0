// JSON from outside, taken apart with errors that name the place: `messages/3/content/0/text: should be a string`.
import { Refusal } from "./refusal.ts";

export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Throws Refusal when the value is something else. */
export function objectAt(value: unknown, path: string): JsonObject {
  if (isObject(value)) return value;
  throw new Refusal("invalid_request_error", `${path}: should be an object`);
}

/** Throws Refusal when the value is something else. */
export function arrayAt(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Refusal("invalid_request_error", `${path}: should be an array`);
}

/** Throws Refusal when the value is something else. */
export function stringAt(value: unknown, path: string): string {
  if (typeof value === "string") return value;
  throw new Refusal("invalid_request_error", `${path}: should be a string`);
}

export function stringOr<T>(value: unknown, other: T): string | T {
  return typeof value === "string" ? value : other;
}

/** A name from outside, for a message: never an object's own idea of its text. */
export function wordOf(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 60) : "unknown";
}

export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

export function countOf(value: unknown): number {
  return isCount(value) ? value : 0;
}
