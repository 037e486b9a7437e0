// What a worker's error means to a client. Claude Code mends its request on its own when the message is one of its
// `capability_rejected` words; free text makes it try six times and fail.
import { isObject, stringOr, type JsonObject } from "../json.ts";
import { Refusal, type RefusalKind } from "../refusal.ts";

const CAPABILITIES: readonly (readonly [RegExp, string])[] = [
  // Before the context's length, which vLLM names here too: the prompt fits, and making it shorter would not help.
  [/max_(completion_)?tokens'? is too large/i, "max_tokens_context_overflow"],
  [
    /maximum context length|context (length|window|size)|exceeds? the (available )?context|prompt is too long|n_ctx/i,
    "prompt_too_long",
  ],
  [/(image|multimodal|vision).*(not|n't|un)\s*support|does not support images|not a multimodal/i, "image_block"],
  [/reasoning_effort|effort.*support/i, "effort_unsupported"],
  [/response_format|json_schema|guided|structured/i, "structured_outputs_unsupported"],
  [/enable_thinking|chat_template_kwargs/i, "thinking_type:enabled"],
];

const KIND: Readonly<Record<number, RefusalKind>> = {
  400: "invalid_request_error",
  403: "permission_error",
  404: "not_found_error",
  408: "timeout_error",
  413: "request_too_large",
  422: "invalid_request_error",
  429: "rate_limit_error",
  503: "overloaded_error",
  504: "timeout_error",
  529: "overloaded_error",
};

/** The refusal that tells a client of the other dialect what its upstream said. */
export function upstreamError(status: number, body: unknown, retryAfter: string | undefined): Refusal {
  const message = messageOf(body);
  const capability =
    status === 400 || status === 422 ? CAPABILITIES.find(([pattern]) => pattern.test(message))?.[1] : undefined;
  if (capability !== undefined) return new Refusal("invalid_request_error", `capability_rejected: ${capability}`);
  const kind = KIND[status] ?? "api_error";
  return new Refusal(kind, message, retryAfter === undefined ? {} : { "retry-after": retryAfter });
}

function messageOf(body: unknown): string {
  if (!isObject(body)) return "the upstream failed without a message";
  const error: unknown = body["error"];
  const inner: JsonObject = isObject(error) ? error : body;
  return stringOr(inner["message"], stringOr(error, stringOr(body["detail"], "the upstream failed without a message")));
}
