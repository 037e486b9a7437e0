// The models of a profile, one after the other: its own, and the local one beside a hosted one.
import type { Estate } from "./estate.ts";

type Model = Estate["seam"]["model"];

/** `at`: where it stands below `model` in estate.yaml. */
export type Endpoint = Omit<Model, "local" | "fallback"> & { readonly at: readonly string[] };

/** Where the gateway sends requests: the profile's own model first. */
export function endpointsOf(model: Model): readonly Endpoint[] {
  const { local, fallback: _, ...own } = model;
  const beside = local === undefined ? [] : [{ ...local, residency: "local" as const, at: ["local"] }];
  return [{ ...own, at: [] }, ...beside];
}
