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

export class Refusal extends Error {
  readonly kind: RefusalKind;
  readonly headers: Readonly<Record<string, string>>;

  constructor(kind: RefusalKind, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = "Refusal";
    this.kind = kind;
    this.headers = headers;
  }

  get status(): number {
    return STATUS[this.kind];
  }
}

export function refusalHeaders(refusal: Refusal): Record<string, string> {
  return { ...(FINAL.has(refusal.kind) ? { "x-should-retry": "false" } : {}), ...refusal.headers };
}

export function refusalBody(dialect: Dialect, refusal: Refusal, requestId: string): string {
  return JSON.stringify(
    dialect === "anthropic"
      ? { type: "error", error: { type: refusal.kind, message: refusal.message }, request_id: requestId }
      : { error: { message: refusal.message, type: refusal.kind, param: null, code: String(refusal.status) } },
  );
}
