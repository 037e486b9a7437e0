// The way of one request through the gateway, from the client's headers to the last byte of its answer.
import type { IncomingMessage, ServerResponse } from "node:http";
import { BodyBudget, parseBody, readBody } from "./body.ts";
import { stringAt, type JsonObject } from "./json.ts";
import { Delivery } from "./delivery.ts";
import type { Endpoint } from "./endpoints.ts";
import type { Clock } from "../lib/ports.ts";
import type { Keyring, VirtualKey } from "./keyring.ts";
import type { LiveRoute, LoadedConfig } from "./load-config.ts";
import { Refusal } from "./refusal.ts";
import { cross, type Crossing } from "./cross.ts";
import type { UpstreamRequest, Upstreams } from "./upstream.ts";

export type ModelEndpoint = Extract<Endpoint, { kind: "model" }>;

const DEFAULT_MAX_TOKENS = 16_384;

export type Desk = {
  readonly clock: Clock;
  readonly config: LoadedConfig;
  readonly keyring: Keyring;
  readonly upstreams: Upstreams;
  readonly bodies: BodyBudget;
};

export type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly endpoint: ModelEndpoint;
  readonly requestId: string;
  readonly signal: AbortSignal;
};

/** Throws Refusal for everything the client should be told; the server writes it in the client's dialect. */
export async function exchange(desk: Desk, one: Exchange): Promise<void> {
  const key = desk.keyring.authenticate(credentialsOf(one.request));
  const body = await readBody(one.request, desk.config.limits, desk.bodies);
  try {
    const asked = parseBody(body.bytes);
    const route = routeOf(desk.config, key, asked);
    const estimate = estimateTokens(body.bytes.length);
    if (one.endpoint.operation === "count_tokens" && route.dialect === "openai") {
      return answerEstimate(one.response, estimate);
    }
    // De-identification (its own issue) takes its place here: between what was asked and what is sent.
    await forward(desk, one, { asked, route, estimate });
  } finally {
    body.release();
  }
}

type Forward = { readonly asked: JsonObject; readonly route: LiveRoute; readonly estimate: number };

async function forward(desk: Desk, one: Exchange, { asked, route, estimate }: Forward): Promise<void> {
  const { operation } = one.endpoint;
  const options = { operation, route, now: desk.clock.now(), maxTokens: DEFAULT_MAX_TOKENS, inputEstimate: estimate };
  const crossing = cross(asked, options);
  const ending = new AbortController();
  const delivery = new Delivery({
    response: one.response,
    requestId: one.requestId,
    rewriter: crossing.rewriter,
    isSameDialect: route.dialect === one.endpoint.dialect,
    idleMs: desk.config.limits.idleMs,
    abort: (reason) => ending.abort(reason),
  });
  const out: UpstreamRequest = {
    route,
    operation: crossing.operation,
    headers: one.request.headers,
    body: JSON.stringify(withUsage(crossing)),
    signal: AbortSignal.any([one.signal, ending.signal]),
  };
  try {
    await desk.upstreams.send(out, desk.config.limits, (head, flow) => delivery.open(head, flow));
    delivery.end();
  } finally {
    delivery.close();
  }
}

/** The counts of a chat stream come only when asked for; a client that did not ask will not see them. */
function withUsage({ operation, body, rewriter }: Crossing): JsonObject {
  return operation === "chat" && rewriter.isStream ? { ...body, stream_options: { include_usage: true } } : body;
}

/** A worker has no tokenizer that could be asked in one way; about 3.5 bytes make a token. The header says it is a guess. */
function estimateTokens(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 3.5);
}

function answerEstimate(response: ServerResponse, tokens: number): void {
  response.writeHead(200, { "content-type": "application/json", "x-demesne-estimate": "true" });
  response.end(JSON.stringify({ input_tokens: tokens }));
}

/** Both headers may be there at once (Claude Code's apiKeyHelper sends both): either counts. */
export function credentialsOf(request: IncomingMessage): string[] {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const apiKey = request.headers["x-api-key"];
  return [bearer, typeof apiKey === "string" ? apiKey : undefined].filter((value) => value !== undefined);
}

function routeOf(config: LoadedConfig, key: VirtualKey, asked: JsonObject): LiveRoute {
  const alias = stringAt(asked["model"], "model");
  const route = config.live.get(alias);
  if (route === undefined || !mayUse(key, alias)) {
    throw new Refusal("not_found_error", `model: ${alias} is not served to this key`);
  }
  return route;
}

export function mayUse(key: VirtualKey, alias: string): boolean {
  return key.models.length === 0 || key.models.includes(alias);
}
