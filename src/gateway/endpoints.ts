// The model port's paths. The query is ignored: Claude Code sends /v1/messages?beta=true.
import type { Dialect } from "./config.ts";

export type Operation = "messages" | "count_tokens" | "chat" | "embeddings";

export type Endpoint =
  | { readonly kind: "alive" | "ready" | "hello" | "models" }
  | { readonly kind: "model"; readonly operation: Operation; readonly dialect: Dialect };

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  "GET /health/liveliness": { kind: "alive" },
  "GET /health/liveness": { kind: "alive" },
  "GET /health/readiness": { kind: "ready" },
  "HEAD /api/hello": { kind: "hello" },
  "GET /v1/models": { kind: "models" },
  "GET /models": { kind: "models" },
  "POST /v1/messages": { kind: "model", operation: "messages", dialect: "anthropic" },
  "POST /v1/messages/count_tokens": { kind: "model", operation: "count_tokens", dialect: "anthropic" },
  "POST /v1/chat/completions": { kind: "model", operation: "chat", dialect: "openai" },
  "POST /chat/completions": { kind: "model", operation: "chat", dialect: "openai" },
  "POST /v1/embeddings": { kind: "model", operation: "embeddings", dialect: "openai" },
  "POST /embeddings": { kind: "model", operation: "embeddings", dialect: "openai" },
};

export function endpointOf(method: string, url: string): Endpoint | undefined {
  const end = url.indexOf("?");
  return ENDPOINTS[`${method} ${end === -1 ? url : url.slice(0, end)}`];
}

/** The dialect in which an unknown path or a broken request is answered. */
export function dialectOf(url: string): Dialect {
  return url.startsWith("/v1/messages") ? "anthropic" : "openai";
}

/** What a key may be limited to. */
export const API_PATHS = [
  "/v1/messages",
  "/v1/messages/count_tokens",
  "/v1/chat/completions",
  "/v1/embeddings",
] as const;

export const UPSTREAM_PATH: Readonly<Record<Operation, (typeof API_PATHS)[number]>> = {
  messages: "/v1/messages",
  count_tokens: "/v1/messages/count_tokens",
  chat: "/v1/chat/completions",
  embeddings: "/v1/embeddings",
};
