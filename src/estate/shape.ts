// Looks into a JSON Schema, as zod writes it, for the part that describes a path.
import type * as z from "zod";
import type { Path } from "./finding.ts";

export type Shape = z.core.JSONSchema.BaseSchema;

/** The part of `root` that describes `path`; of several alternatives the first that has it. */
export function shapeAt(root: Shape, path: Path): Shape | undefined {
  let here: Shape | undefined = root;
  for (const part of path) here = here === undefined ? undefined : member(here, part);
  return here;
}

function member(shape: Shape, part: string | number): Shape | undefined {
  const property =
    shape.properties !== undefined && Object.hasOwn(shape.properties, part) ? shape.properties[part] : undefined;
  const found = asShape(property) ?? asShape(shape.additionalProperties) ?? itemOf(shape, part);
  if (found !== undefined) return found;
  for (const branch of [...(shape.oneOf ?? []), ...(shape.anyOf ?? []), ...(shape.allOf ?? [])]) {
    const inside = typeof branch === "object" ? member(branch, part) : undefined;
    if (inside !== undefined) return inside;
  }
  return undefined;
}

function itemOf(shape: Shape, part: string | number): Shape | undefined {
  return typeof part !== "number" || Array.isArray(shape.items) ? undefined : asShape(shape.items);
}

/** What zod writes where a schema may stand is a schema or a boolean. */
function asShape(value: Shape | boolean | undefined): Shape | undefined {
  return typeof value === "object" ? value : undefined;
}
