// The one seam, shown: what an estate is under one profile and not under the other.
import { canonicalJson } from "../lib/canonical-json.ts";
import type { Estate } from "./estate.ts";

export type SeamDifference = {
  /** Where the two estates differ: `seam/model`, `hosts/0/port`. */
  readonly path: string;
  /** True for the four members of the seam; a difference anywhere else breaks the promise of one seam. */
  readonly allowed: boolean;
  /** What stands there under each profile; undefined where nothing does. */
  readonly one: unknown;
  readonly other: unknown;
};

const members = new Set(["seam/model", "seam/corpus", "seam/observability", "seam/artefacts"]);

/** Every difference between two estates, but for the name of their profile. */
export function seam(one: Estate, other: Estate): readonly SeamDifference[] {
  return differences("", { ...one, profile: undefined }, { ...other, profile: undefined });
}

function differences(path: string, one: unknown, other: unknown): readonly SeamDifference[] {
  if (same(one, other)) return [];
  if (members.has(path) || !isMap(one) || !isMap(other)) {
    return [{ path, allowed: members.has(path), one, other }];
  }
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return keys.flatMap((key) => differences(path === "" ? key : `${path}/${key}`, one[key], other[key]));
}

function same(one: unknown, other: unknown): boolean {
  if (one === undefined || other === undefined) return one === other;
  return canonicalJson(one) === canonicalJson(other);
}

/** Lists count as maps by index, so that a difference is told by its place. */
function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
