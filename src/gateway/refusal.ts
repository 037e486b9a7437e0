// What a client is told when it gets no answer, in the shape that its dialect's SDK understands.
// Statuses and types follow the table of measured retries in docs/gateway.md: a refusal should cost one request, not six.
import type { Dialect } from "./config.ts";

const STATUS = {
  invalid_request_error: 400,
  policy_blocked: 400,
  authentication_error: 401,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  billing_error: 429,
  api_error: 502,
  not_supported: 501,
  timeout_error: 504,
  overloaded_error: 529,
} as const;

export type RefusalKind = keyof typeof STATUS;

export function isRefusalKind(value: string): value is RefusalKind {
  return Object.hasOwn(STATUS, value);
}

/** Repeating the same request cannot help; SDKs and Claude Code obey `x-should-retry`. */
const FINAL: ReadonlySet<RefusalKind> = new Set([
  "policy_blocked",
  "authentication_error",
  "permission_error",
  "billing_error",
  "not_supported",
  "request_too_large",
]);

type RefusalDetails = { readonly capability?: string | undefined; readonly reason?: string | undefined };

export class Refusal extends Error {
  readonly kind: RefusalKind;
  readonly headers: Readonly<Record<string, string>>;
  /** What the model cannot do, in the word on which Claude Code mends its request; others read the message. */
  readonly capability: string | undefined;
  /** What the log may have: a message can quote the request, or an upstream that quotes it. */
  readonly reason: string | undefined;

  constructor(
    kind: RefusalKind,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    { capability, reason }: RefusalDetails = {},
  ) {
    super(message);
    this.name = "Refusal";
    this.kind = kind;
    this.headers = headers;
    this.capability = capability;
    this.reason = reason;
  }

  get status(): number {
    return STATUS[this.kind];
  }
}

/** A refusal in the gateway's own words, numbers and names of the configuration, with nothing of a request: the log has it too. */
export function plainRefusal(
  kind: RefusalKind,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  return new Refusal(kind, message, headers, { reason: message });
}

export function refusalHeaders(refusal: Refusal): Record<string, string> {
  return { ...(FINAL.has(refusal.kind) ? { "x-should-retry": "false" } : {}), ...refusal.headers };
}

export function refusalBody(dialect: Dialect, refusal: Refusal, requestId: string): string {
  return JSON.stringify(dialect === "anthropic" ? anthropicBody(refusal, requestId) : openaiBody(refusal));
}

function anthropicBody({ kind, message, capability }: Refusal, requestId: string): object {
  const text = capability === undefined ? message : `capability_rejected: ${capability}`;
  return { type: "error", error: { type: kind, message: text }, request_id: requestId };
}

/** The words that OpenAI's clients know: its own for a prompt that does not fit, LiteLLM's for a spent budget. */
function openaiBody({ kind, message, capability, status }: Refusal): object {
  const isTooLong = capability !== undefined && /^(prompt_too_long|max_tokens_context_overflow)/.test(capability);
  const type = kind === "billing_error" ? "budget_exceeded" : kind;
  return isTooLong
    ? { error: { message, type, param: "messages", code: "context_length_exceeded" } }
    : { error: { message, type, param: null, code: String(status) } };
}

/** For what a model cannot read or do. `message` is for a person, `capability` for Claude Code. */
export function cannot(capability: string, message: string): Refusal {
  return new Refusal("invalid_request_error", message, {}, { capability, reason: capability });
}
