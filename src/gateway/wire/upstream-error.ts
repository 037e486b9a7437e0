// What a worker's error means to a client. Claude Code mends its request on its own when the message is one of its
// `capability_rejected` words; free text makes it try six times and fail.
import { isObject, stringOr, type JsonObject } from "../json.ts";
import { cannot, isRefusalKind, Refusal, type RefusalKind } from "../refusal.ts";
import { overflowIn } from "./context-overflow.ts";

/** Of the request that failed: a worker's words about what it was not sent mean something else. */
export type FailedRequest = {
  /** The fields that the upstream was sent. */
  readonly sent: ReadonlySet<string>;
  /** A guess at its tokens. */
  readonly inputEstimate: number;
};

/** What cannot be done, by the words of vLLM, llama.cpp and Ollama; where fields are named, only if one of them was sent. */
const CAPABILITIES: readonly (readonly [RegExp, string, ...fields: string[]])[] = [
  // Ollama's model names may hold "vision". Without effort, Claude Code does not ask for thinking either.
  [/does not support thinking/i, "effort_unsupported", "reasoning_effort", "output_config"],
  [/at most 0 image|(image|multimodal)( input)?s? (is|are) not supported|not a multimodal/i, "image_block"],
  [/(not|n't|un)\s*support(ed)?\W.{0,20}\b(image|vision|multimodal)/i, "image_block"],
  [/at most \d+ image/i, "media_budget"],
  [/reasoning_effort|effort.*support/i, "effort_unsupported", "reasoning_effort", "output_config"],
  [
    /response_format|json_schema|guided|structured/i,
    "structured_outputs_unsupported",
    "response_format",
    "output_config",
  ],
];

const KIND: Readonly<Record<number, RefusalKind>> = {
  400: "invalid_request_error",
  403: "permission_error",
  404: "not_found_error",
  408: "timeout_error",
  // Sent again by every SDK, like an upstream that is busy.
  409: "overloaded_error",
  413: "request_too_large",
  422: "invalid_request_error",
  429: "rate_limit_error",
  501: "not_supported",
  503: "overloaded_error",
  504: "timeout_error",
  529: "overloaded_error",
};

/** The refusal that tells a client what its upstream said, where the client could not read it as it came. */
export function upstreamError(status: number, body: unknown, request: FailedRequest, retryAfter?: string): Refusal {
  const message = messageOf(body);
  const capability = message === undefined ? undefined : capabilityIn(status, message, request);
  if (capability !== undefined) return cannot(capability, message ?? "");
  if (isTemplate(message, request)) {
    return new Refusal("policy_blocked", `${message} (${TEMPLATE_FIX})`, {}, { reason: TEMPLATE_FIX });
  }
  const kind = KIND[status] ?? "api_error";
  const text = message ?? `the upstream answered ${status} without a message`;
  const headers = {
    ...(retryAfter === undefined ? {} : { "retry-after": retryAfter }),
    // The gateway's own account is spent: no client's budget, and nothing that a second try would change.
    ...(status === 402 ? { "x-should-retry": "false" } : {}),
  };
  return new Refusal(kind, text, headers, { reason: `the upstream answered ${status}` });
}

const TEMPLATE_FIX = "the route has worker.thinking: template, which this model does not take";

/** Nothing that Claude Code leaves out would help, so it is told once: the field is of the route's own making. */
function isTemplate(message: string | undefined, { sent }: FailedRequest): boolean {
  return message !== undefined && sent.has("chat_template_kwargs") && /enable_thinking|chat_template/i.test(message);
}

function capabilityIn(status: number, message: string, request: FailedRequest): string | undefined {
  // llama.cpp answers 500 to an image it has no eyes for.
  if (status !== 400 && status !== 422 && !(status === 500 && /image input/i.test(message))) return undefined;
  const known = CAPABILITIES.find(
    ([pattern, , ...fields]) =>
      pattern.test(message) && (fields.length === 0 || fields.some((field) => request.sent.has(field))),
  );
  return overflowIn(message, request.inputEstimate) ?? known?.[1];
}

/** What a client would take for a word about its own key, its budget or our policy. */
const OURS: ReadonlySet<RefusalKind> = new Set([
  "authentication_error",
  "permission_error",
  "policy_blocked",
  "billing_error",
]);

/**
 * The failure that an upstream tells in an answer that began well: `{"error": {...}}`, `{"error": "..."}` (Ollama) or
 * `{"object": "error", "message": ...}` (vLLM). Undefined for any other answer.
 */
export function failureIn(answer: JsonObject): Refusal | undefined {
  const { error } = answer;
  const isTold = isObject(error) || stringOr(error, "") !== "" || answer["object"] === "error";
  if (!isTold) return undefined;
  const inner = isObject(error) ? error : answer;
  const type = stringOr(inner["type"], "");
  const kind = isRefusalKind(type) ? type : KIND[Number(inner["code"])];
  const told = kind === undefined || OURS.has(kind) ? "api_error" : kind;
  return new Refusal(told, messageOf(answer) ?? "the upstream failed", {}, { reason: "the upstream failed" });
}

/** Characters of an upstream's words that are told, and looked through. */
const MAX_MESSAGE = 2000;

function messageOf(body: unknown): string | undefined {
  if (!isObject(body)) return undefined;
  const { error } = body;
  const inner = isObject(error) ? error : body;
  const { message } = inner;
  // Mistral puts FastAPI's list into its message.
  const detail = body["detail"] ?? (isObject(message) ? message["detail"] : message);
  const said = stringOr(message, stringOr(error, stringOr(detail, fastApiDetail(detail))));
  return said === "" ? undefined : said.slice(0, MAX_MESSAGE);
}

function isStep(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

/** FastAPI's list of what is wrong where; its `input` would quote the request. */
function fastApiDetail(detail: unknown): string {
  if (!Array.isArray(detail)) return "";
  const told = detail.filter(isObject).map((one) => {
    const where = Array.isArray(one["loc"]) ? one["loc"].filter(isStep).join("/") : "";
    return `${where}: ${stringOr(one["msg"], "is wrong")}`;
  });
  return told.slice(0, 3).join("; ");
}
