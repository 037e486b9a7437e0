// The two walks through a request: one collects its texts, the other, in the same order, puts back what was made of them.
import type { JsonObject } from "../json.ts";
import type { Known } from "./findings-cache.ts";
import { masked, maskedNumber } from "./mask.ts";
import type { Pseudonyms } from "./pseudonyms.ts";
import type { Leaf } from "./scan-thread.ts";
import { walkBody } from "./walk.ts";

export type Leaves = { readonly texts: readonly Leaf[]; readonly thoughts: readonly string[] };

/** Throws Unclean for what cannot be read. */
export function collect(body: JsonObject, isMediaLet: boolean): Leaves {
  const texts: Leaf[] = [];
  const thoughts: string[] = [];
  walkBody(body, {
    isMediaLet,
    text: (text, hint) => {
      texts.push({ text, hint });
      return text;
    },
    number: (value, hint) => {
      texts.push({ text: String(value), hint });
      return value;
    },
    thought: (text) => void thoughts.push(text),
  });
  return { texts, thoughts };
}

/** The body with pseudonyms. What has not changed is the same object as before. */
export function replace(
  body: JsonObject,
  known: readonly Known[],
  pseudonyms: Pseudonyms,
  isMediaLet: boolean,
): JsonObject {
  const found = known.some(({ findings }) => findings.length > 0);
  if (!found) return body;
  const each = known.values();
  return walkBody(body, {
    isMediaLet,
    text: (text) => {
      const one = each.next().value;
      return one === undefined || one.findings.length === 0 ? text : masked(text, one, pseudonyms);
    },
    number: (value) => {
      const one = each.next().value;
      return one === undefined || one.findings.length === 0 ? value : maskedNumber(value, one, pseudonyms);
    },
    thought: () => {},
  });
}
