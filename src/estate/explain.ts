// Turns what zod found into what an operator reads: `should be ...`, what was there instead, and what to write.
import * as z from "zod";
import type { Path } from "./finding.ts";
import { nearest } from "./nearest.ts";
import { type Shape, shapeAt } from "./shape.ts";
import { shown } from "./shown.ts";

export type Explained = { readonly path: Path; readonly what: string; readonly fix: string };

/** What to do about keys that somebody may well write, but that are refused. */
export type Refused = Readonly<Record<string, string>>;

type Context = { readonly shape: Shape; readonly refused: Refused };

/** The value, or everything that is wrong with it. */
export function check<T>(
  schema: z.ZodType<T>,
  value: unknown,
  refused: Refused = {},
): { value: T } | { faults: readonly Explained[] } {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return { value: result.data };
  const shape = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return { faults: result.error.issues.flatMap((issue) => explain(issue, { shape, refused })) };
}

function explain(issue: z.core.$ZodIssue, context: Context): readonly Explained[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  const deeper = issue.code === "invalid_union" ? insideBranch(issue) : undefined;
  if (deeper !== undefined) {
    return deeper.flatMap((inner) => explain({ ...inner, path: [...path, ...inner.path] }, context));
  }
  const shape = shapeAt(context.shape, path);
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(shape?.properties ?? {});
    return issue.keys.map((key) => ({ path: [...path, key], ...unknownKey(key, known, context.refused) }));
  }
  return [{ path, what: whatOf(issue), fix: adviceOn(path, shape, issue.input === undefined ? "add" : "correct") }];
}

/** Of the shapes that a union offers, the one that was meant: it fits at the top and fails further in. */
function insideBranch(issue: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | undefined {
  return issue.errors.find((branch) => branch.every((inner) => inner.path.length > 0));
}

function unknownKey(key: string, known: readonly string[], refused: Refused): { what: string; fix: string } {
  const instead = Object.hasOwn(refused, key) ? refused[key] : undefined;
  if (instead !== undefined) return { what: "should not be here", fix: instead };
  const near = nearest(key, known);
  const fix = near === undefined ? `remove it; known here: ${known.join(", ")}` : `did you mean \`${near}\`?`;
  return { what: "should not be here: unknown key", fix };
}

function whatOf(issue: z.core.$ZodIssue): string {
  const should = shouldBe(issue);
  // A record reports its key, a map what it lacks: only the latter has no input.
  return issue.input === undefined ? `is missing, ${should}` : `${should}, got ${shown(issue.input)}`;
}

function shouldBe(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith("should ")) return issue.message;
  switch (issue.code) {
    case "invalid_key":
      return issue.issues[0] === undefined ? "should be a known key" : shouldBe(issue.issues[0]);
    case "invalid_type":
      return `should be ${nouns[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `should be ${oneOf(issue.values)}`;
    case "invalid_union":
      return unionShouldBe(issue);
    case "too_small":
      return `should be at least ${issue.minimum}${unit(issue.origin)}`;
    case "too_big":
      return `should be at most ${issue.maximum}${unit(issue.origin)}`;
    default:
      return `should be otherwise: ${issue.message}`;
  }
}

function unionShouldBe(issue: z.core.$ZodIssueInvalidUnion): string {
  if ("options" in issue && Array.isArray(issue.options)) return `should be ${oneOf(issue.options)}`;
  const branches = issue.errors.flatMap((branch) => branch.slice(0, 1).map(shouldBe));
  return `should be ${[...new Set(branches.map((branch) => branch.replace(/^should be /, "")))].join(" or ")}`;
}

const nouns: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map of keys and values",
  record: "a map of keys and values",
  null: "empty",
};

function unit(origin: string): string {
  if (origin === "string") return " characters long";
  return origin === "array" ? " entries long" : "";
}

function oneOf(values: readonly unknown[]): string {
  const words = values.map(String);
  return words.length === 1 ? `\`${words[0]}\`` : `one of ${words.join(", ")}`;
}

function adviceOn(path: Path, shape: Shape | undefined, verb: "add" | "correct"): string {
  // An item of a list has no name of its own.
  const name = path.findLast((part) => typeof part === "string");
  const meaning = shape?.description === undefined ? "" : `: ${shape.description}`;
  const [example] = shape?.examples ?? [];
  return `${verb} ${name === undefined ? "the file" : `\`${name}\``}${meaning}${example === undefined ? "" : `, for example \`${shown(example)}\``}`;
}
