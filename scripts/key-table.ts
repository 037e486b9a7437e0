// A schema's keys as a table in Markdown: one row a key, the keys of a map below the map.
import { z } from "zod";

export type Shape = z.core.JSONSchema.BaseSchema;

/** What a person or program writes, before the defaults are filled in. */
export function shapeOf(schema: z.ZodType): Shape {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any", reused: "inline" });
}

export function keyTable(shape: Shape): string {
  const rows = keysOf(unwrapped(shape), "").map((key) => `| ${key.path} | ${key.value} | ${key.meaning} |`);
  return ["| key | value | meaning |", "| --- | --- | --- |", ...rows].join("\n");
}

/** A schema with an id is written as a reference to its own definition. */
function unwrapped(shape: Shape): Shape {
  const definition = shape.$ref?.split("/").at(-1);
  return definition === undefined ? shape : (asShape(shape.$defs?.[definition]) ?? shape);
}

type Key = { readonly path: string; readonly value: string; readonly meaning: string };

/** A row for each key, in the order of the schema, the keys of a map below the map; of an alternative without its mark. */
function keysOf(shape: Shape, under: string, isBranch = false): readonly Key[] {
  const properties = Object.entries(shape.properties ?? {}).flatMap(([name, property]) => {
    const member = asShape(property);
    if (member === undefined || (isBranch && member.const !== undefined)) return [];
    const path = `${under}${name}`;
    const required = shape.required?.includes(name) === true;
    return [row(path, member, required), ...keysOf(member, `${path}/`)];
  });
  const entry = asShape(shape.additionalProperties);
  const item = itemOf(shape);
  return [
    ...properties,
    ...(entry === undefined ? [] : keysOf(entry, `${under}<name>/`)),
    ...(item === undefined ? [] : keysOf(item, `${under}<n>/`)),
    ...branches(shape).flatMap((branch) => keysOf(branch, under, true)),
  ];
}

function row(path: string, shape: Shape, required: boolean): Key {
  const fallback = shape.default === undefined ? "" : `; default ${code(shape.default)}`;
  const [example_] = shape.examples ?? [];
  const such = example_ === undefined || shape.default !== undefined ? "" : `, such as ${code(example_)}`;
  const meaning = `${shape.description ?? ""}${such}${required ? "" : " (optional)"}`;
  return { path: `\`${path}\``, value: `${valueOf(shape)}${fallback}`, meaning: cell(meaning.trim()) };
}

function valueOf(shape: Shape): string {
  if (shape.enum !== undefined) return shape.enum.map(code).join(", ");
  if (shape.const !== undefined) return code(shape.const);
  const kinds = branches(shape);
  if (kinds.length > 0) return [...new Set(kinds.map(choiceOf))].join(" or ");
  if (shape.type === "integer") return `whole number${range(shape)}`;
  if (shape.type === "array") return `list of ${valueOf(itemOf(shape) ?? {})}`;
  return names[String(shape.type)] ?? "any value";
}

/** One alternative of several: by the constant that tells it from the others, where there is one. */
function choiceOf(shape: Shape): string {
  const mark = Object.entries(shape.properties ?? {}).find(([, member]) => asShape(member)?.const !== undefined);
  return mark === undefined ? valueOf(shape) : code(`${mark[0]}: ${String(asShape(mark[1])?.const)}`);
}

const names: Readonly<Record<string, string>> = {
  string: "text",
  number: "number",
  boolean: "true or false",
  object: "map",
  null: "nothing",
};

function range(shape: Shape): string {
  const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = shape;
  const from = minimum === Number.MIN_SAFE_INTEGER ? "" : String(minimum);
  const to = maximum === Number.MAX_SAFE_INTEGER ? "" : String(maximum);
  if (from === "" && to === "") return "";
  return to === "" ? `, ${from} or more` : ` ${from}-${to}`;
}

function branches(shape: Shape): readonly Shape[] {
  return [...(shape.oneOf ?? []), ...(shape.anyOf ?? [])].map(asShape).filter((branch) => branch !== undefined);
}

function itemOf(shape: Shape): Shape | undefined {
  return Array.isArray(shape.items) ? undefined : asShape(shape.items);
}

/** What zod writes where a schema may stand is a schema or a boolean. */
function asShape(value: Shape | boolean | undefined): Shape | undefined {
  return typeof value === "object" ? value : undefined;
}

function code(value: unknown): string {
  return `\`${cell(typeof value === "string" ? value : JSON.stringify(value))}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "\\<").replaceAll("\\<name\\>", "<name>");
}
