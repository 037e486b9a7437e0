// The model port's paths. The query is ignored: Claude Code sends /v1/messages?beta=true.
import type { IncomingHttpHeaders } from "node:http";
import type { Dialect } from "./config.ts";

export type Operation = "messages" | "count_tokens" | "chat" | "embeddings";

export type Endpoint =
  | { readonly kind: "alive" | "ready" | "hello" | "models" }
  | { readonly kind: "one-model"; readonly alias: string }
  /** A part of a provider's API that policy does not let through: `what` would be kept and worked on out of sight. */
  | { readonly kind: "refused"; readonly what: "batches" | "files" }
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
  const path = end === -1 ? url : url.slice(0, end);
  return ENDPOINTS[`${method} ${path}`] ?? otherEndpoint(method, path);
}

function otherEndpoint(method: string, path: string): Endpoint | undefined {
  const [, what] = /^\/(?:v1\/)?(?:messages\/)?(batches|files)(?:\/|$)/.exec(path) ?? [];
  if (what === "batches" || what === "files") return { kind: "refused", what };
  const [, alias] = /^\/(?:v1\/)?models\/([^/]+)$/.exec(path) ?? [];
  return method === "GET" && alias !== undefined ? { kind: "one-model", alias: decoded(alias) } : undefined;
}

/** For the log, where nobody's words belong: without the query, and with a star for whatever does not look like a path's word. */
export function loggedPath(method: string, url: string): string {
  const [path = ""] = url.split("?");
  if (ENDPOINTS[`${method} ${path}`] !== undefined) return `${method} ${path}`;
  const words = path.split("/").slice(1, 1 + MOST_WORDS);
  return `${method} ${words.map((word) => (/^(?!sk-)[a-z][a-z0-9_-]{0,23}$/.test(word) ? `/${word}` : "/*")).join("")}`;
}

const MOST_WORDS = 5;

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The dialect in which a request is refused. Where the path has none, only Anthropic's clients name a version of the API. */
export function dialectOf(method: string, url: string, headers: IncomingHttpHeaders): Dialect {
  const endpoint = endpointOf(method, url);
  if (endpoint?.kind === "model") return endpoint.dialect;
  return url.startsWith("/v1/messages") || headers["anthropic-version"] !== undefined ? "anthropic" : "openai";
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
