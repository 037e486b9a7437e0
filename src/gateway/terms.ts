// What a key, a user or a team may do: the settings that LiteLLM's API gives all three.
import { z } from "zod";

const positive = z.int().min(1).max(1_000_000_000);

export const Terms = z.strictObject({
  models: z.array(z.string()).meta({ description: "Aliases of the routes that may be used; empty means all" }),
  blocked: z.boolean().meta({ description: "Refused until it is unblocked" }),
  rpm: positive.nullable().meta({ description: "Requests a minute" }),
  tpm: positive.nullable().meta({ description: "Tokens a minute" }),
  parallel: positive.nullable().meta({ description: "Requests at the same time" }),
  metadata: z.record(z.string(), z.json()).meta({ description: "The operator's own notes" }),
});
export type Terms = Readonly<z.infer<typeof Terms>>;

export const noTerms: Terms = { models: [], blocked: false, rpm: null, tpm: null, parallel: null, metadata: {} };

/** A spending limit as it is set; the account keeps what was spent. */
export type Allowance = {
  /** Micro-USD; null is no limit. */
  readonly cap: number | null;
  readonly period: string | null;
  /** Limits of their own for single models, by alias: a key's `model_max_budget`. */
  readonly models?: Readonly<Record<string, Pick<Allowance, "cap" | "period">>>;
};
