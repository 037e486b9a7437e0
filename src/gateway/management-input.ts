// Input and output that all parts of the management API share: LiteLLM's field names, USD as numbers.
import { z } from "zod";
import type { Account } from "./budgets.ts";
import { durationMs } from "./duration.ts";
import type { JsonObject } from "./json.ts";
import { Refusal } from "./refusal.ts";
import { noTerms, type Allowance, type Terms } from "./terms.ts";

const limit = z.int().min(1).max(1_000_000_000).nullable().optional();

/** The fields that keys, users and teams have in common. */
export const termsFields = {
  models: z.array(z.string()).optional().meta({ description: "Aliases that may be used; empty means all" }),
  blocked: z.boolean().optional().meta({ description: "Refused until it is unblocked" }),
  max_budget: z
    .union([z.number().min(0).max(1_000_000_000), z.literal("")])
    .nullable()
    .optional()
    .meta({ description: "USD; null or an empty text is no limit" }),
  budget_duration: z.string().nullable().optional().meta({ description: "Period of the budget: 1d, 7d, 1mo, 12h" }),
  rpm_limit: limit.meta({ description: "Requests a minute" }),
  tpm_limit: limit.meta({ description: "Tokens a minute" }),
  max_parallel_requests: limit.meta({ description: "Requests at the same time" }),
  metadata: z.record(z.string(), z.json()).optional().meta({ description: "The operator's own notes" }),
};

const TermsInput = z.object(termsFields);
export type TermsInput = z.infer<typeof TermsInput>;

/** The terms asked for; what is left out stays as `before` has it. */
export function termsOf(asked: TermsInput, before: Terms = noTerms): Terms {
  return {
    models: asked.models ?? before.models,
    blocked: asked.blocked ?? before.blocked,
    rpm: asked.rpm_limit === undefined ? before.rpm : asked.rpm_limit,
    tpm: asked.tpm_limit === undefined ? before.tpm : asked.tpm_limit,
    parallel: asked.max_parallel_requests === undefined ? before.parallel : asked.max_parallel_requests,
    metadata: asked.metadata ?? before.metadata,
  };
}

/** Throws Refusal, naming the field of the period, when that is no duration. */
export function allowanceOf(asked: TermsInput, periodField = "budget_duration"): Partial<Allowance> {
  const { max_budget: usd, budget_duration: period } = asked;
  if (typeof period === "string") durationMs(period, periodField);
  return {
    ...(usd === undefined ? {} : { cap: usd === null || usd === "" ? null : Math.floor(usd * 1_000_000) }),
    ...(period === undefined ? {} : { period }),
  };
}

export function shownTerms(terms: Terms, account: Account | undefined): JsonObject {
  return {
    models: terms.models,
    blocked: terms.blocked,
    rpm_limit: terms.rpm,
    tpm_limit: terms.tpm,
    max_parallel_requests: terms.parallel,
    metadata: terms.metadata,
    spend: (account?.spent ?? 0) / 1_000_000,
    max_budget: account?.cap === undefined || account.cap === null ? null : account.cap / 1_000_000,
    budget_duration: account?.period ?? null,
    budget_reset_at: isoOrNull(account?.resetsAt ?? null),
  };
}

export function isoOrNull(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}

/** Throws Refusal that names the field; a field that this gateway does not have is refused, not ignored. */
export function parseInput<T>(schema: z.ZodType<T>, input: object): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Refusal(
    "invalid_request_error",
    `${issue?.path.join("/") || "body"}: ${issue?.message ?? "is not understood"}`,
  );
}
