// Turns what zod found into what an operator reads: `should be ...`, what was there instead, and what to write.
import * as z from "zod";
import type { Path } from "./finding.ts";
import { nearest } from "./nearest.ts";

export type Explained = { readonly path: Path; readonly what: string; readonly fix: string };

/** The value, or everything that is wrong with it. */
export function check<T>(schema: z.ZodType<T>, value: unknown): { value: T } | { faults: readonly Explained[] } {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return { value: result.data };
  const shape = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return { faults: result.error.issues.flatMap((issue) => explain(issue, shape)) };
}

type Shape = z.core.JSONSchema.BaseSchema;

function explain(issue: z.core.$ZodIssue, shape: Shape): readonly Explained[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  const here = shapeAt(shape, path);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...path, key], key, here));
  const inside = issue.code === "invalid_union" ? insideBranch(issue) : undefined;
  if (inside !== undefined)
    return inside.flatMap((deeper) => explain({ ...deeper, path: [...path, ...deeper.path] }, shape));
  const should = shouldBe(issue);
  const what =
    issue.input === undefined && isMissing(issue) ? `is missing; ${should}` : `${should}, got ${shown(issue.input)}`;
  return [{ path, what, fix: advice(path, here) }];
}

/** Of the shapes that a union offers, the one that was meant: it fits at the top and fails further in. */
function insideBranch(issue: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | undefined {
  return issue.errors.find((branch) => branch.every((deeper) => deeper.path.length > 0));
}

function isMissing(issue: z.core.$ZodIssue): boolean {
  return issue.code === "invalid_type" || issue.code === "invalid_value" || issue.code === "invalid_union";
}

function unknownKey(path: Path, key: string, shape: Shape | undefined): Explained {
  const known = Object.keys(shape?.properties ?? {});
  const near = nearest(key, known);
  const fix = near === undefined ? `remove it; known here: ${known.join(", ")}` : `did you mean \`${near}\`?`;
  return { path, what: "should not be here: unknown key", fix };
}

function shouldBe(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith("should ")) return issue.message;
  if (issue.code === "invalid_key")
    return issue.issues[0] === undefined ? "should be a known key" : shouldBe(issue.issues[0]);
  if (issue.code === "invalid_type") return `should be ${nouns[issue.expected] ?? issue.expected}`;
  if (issue.code === "invalid_value") return `should be ${oneOf(issue.values)}`;
  if (issue.code === "invalid_union") return unionShouldBe(issue);
  if (issue.code === "too_small") return `should be at least ${issue.minimum}${unit(issue.origin)}`;
  if (issue.code === "too_big") return `should be at most ${issue.maximum}${unit(issue.origin)}`;
  return `should be otherwise: ${issue.message}`;
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

const SHOWN = 60;

/** A value as it may stand in one line of a message. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a map";
  const text = typeof value === "string" && /^[\x21-\x7e]+$/.test(value) ? value : JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
}

function advice(path: Path, shape: Shape | undefined): string {
  const name = String(path.at(-1) ?? "the file");
  const [example] = shape?.examples ?? [];
  const meaning = shape?.description === undefined ? "" : `: ${shape.description}`;
  return `correct \`${name}\`${meaning}${example === undefined ? "" : `, for example \`${shown(example)}\``}`;
}

/** The part of a JSON Schema that describes `path`. */
function shapeAt(root: Shape, path: Path): Shape | undefined {
  let here: Shape | undefined = root;
  for (const part of path) here = here === undefined ? undefined : member(here, part);
  return here;
}

function member(shape: Shape, part: string | number): Shape | undefined {
  const found =
    shape.properties?.[part] ??
    asShape(shape.additionalProperties) ??
    asShape(Array.isArray(shape.items) ? undefined : shape.items);
  if (found !== undefined) return asShape(found);
  for (const branch of [...(shape.oneOf ?? []), ...(shape.anyOf ?? []), ...(shape.allOf ?? [])]) {
    const inside = typeof branch === "object" ? member(branch, part) : undefined;
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** What zod writes where a schema may stand is a schema or a boolean. */
function asShape(value: Shape | boolean | undefined): Shape | undefined {
  return typeof value === "object" ? value : undefined;
}
