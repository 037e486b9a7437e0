// Token counts, one shape for both dialects. `undefined` means the upstream said nothing.
import { countOf, isCount, isObject, type JsonObject } from "../json.ts";

export type Usage = {
  /** Input that was neither read from a cache nor written to one. */
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  /** Where the upstream says it ran. */
  readonly geo?: string;
};

export function usageFromChat(usage: unknown): Usage | undefined {
  // Half a count is none: what is missing would go unpaid.
  if (!isObject(usage) || !isCount(usage["prompt_tokens"]) || !isCount(usage["completion_tokens"])) return undefined;
  const details = isObject(usage["prompt_tokens_details"]) ? usage["prompt_tokens_details"] : {};
  const prompt = countOf(usage["prompt_tokens"]);
  const cacheRead = Math.min(prompt, countOf(details["cached_tokens"]));
  const output = countOf(usage["completion_tokens"]);
  return { input: prompt - cacheRead, cacheRead, cacheWrite5m: 0, cacheWrite1h: 0, output };
}

/** Embeddings write nothing, and their counts say so by leaving it out. */
export function usageFromEmbeddings(usage: unknown): Usage | undefined {
  return usageFromChat(isObject(usage) ? { completion_tokens: 0, ...usage } : usage);
}

export function usageFromMessages(usage: unknown): Usage | undefined {
  // Half a count is none: what is missing would go unpaid.
  if (!isObject(usage) || !isCount(usage["input_tokens"]) || !isCount(usage["output_tokens"])) return undefined;
  const written = countOf(usage["cache_creation_input_tokens"]);
  const split = isObject(usage["cache_creation"]) ? usage["cache_creation"] : {};
  const hour = countOf(split["ephemeral_1h_input_tokens"]);
  const geo = usage["inference_geo"];
  return {
    input: countOf(usage["input_tokens"]),
    cacheRead: countOf(usage["cache_read_input_tokens"]),
    cacheWrite5m: Math.max(written - hour, countOf(split["ephemeral_5m_input_tokens"])),
    cacheWrite1h: hour,
    output: countOf(usage["output_tokens"]),
    ...(typeof geo === "string" ? { geo } : {}),
  };
}

/** `message_delta` carries the final counts, but not every field again. */
export function mergeUsage(before: unknown, after: unknown): JsonObject {
  return { ...(isObject(before) ? before : {}), ...(isObject(after) ? after : {}) };
}

export function messagesUsage(usage: Usage): JsonObject {
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    cache_read_input_tokens: usage.cacheRead,
    output_tokens: usage.output,
  };
}

export function chatUsage(usage: Usage): JsonObject {
  const prompt = usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.output,
    total_tokens: prompt + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cacheRead },
  };
}
