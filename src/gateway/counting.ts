// Asks an Anthropic upstream how many tokens a prompt has, when bytes alone bound it too loosely for what a budget has left.
import { countedBound } from "./bound.ts";
import { parseAnswer } from "./rewriter.ts";
import { isCount, type JsonObject } from "./json.ts";
import type { UpstreamRequest, Upstreams, UpstreamLimits } from "./upstream.ts";

const COUNTED = [
  "model",
  "messages",
  "system",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
  "context_management",
];

/** A bound from the upstream's own count, or undefined when it cannot be had. */
export async function countedInput(
  upstreams: Upstreams,
  request: Omit<UpstreamRequest, "body" | "operation">,
  body: JsonObject,
  limits: UpstreamLimits,
): Promise<number | undefined> {
  const asked = Object.fromEntries(COUNTED.flatMap((key) => (body[key] === undefined ? [] : [[key, body[key]]])));
  const chunks: Buffer[] = [];
  let status = 0;
  const counting = { ...request, operation: "count_tokens" as const, body: JSON.stringify(asked) };
  try {
    await upstreams.send(counting, limits, (head) => {
      status = head.status;
      return { chunk: (bytes) => void chunks.push(bytes) };
    });
    const counted = parseAnswer(Buffer.concat(chunks).toString("utf8"))["input_tokens"];
    return status === 200 && isCount(counted) ? countedBound(counted) : undefined;
  } catch {
    // The bound by bytes stands; the client hears of the budget, not of this.
    return undefined;
  }
}
