// The way of one request through the gateway, from the client's headers to the last byte of its answer.
import type { IncomingMessage, ServerResponse } from "node:http";
import { BodyBudget, parseBody, readBody, type JsonObject } from "./body.ts";
import type { Endpoint } from "./endpoints.ts";
import type { Keyring, VirtualKey } from "./keyring.ts";
import type { LiveRoute, LoadedConfig } from "./load-config.ts";
import { Refusal } from "./refusal.ts";
import { relay } from "./relay.ts";
import type { Upstreams } from "./upstream.ts";

export type ModelEndpoint = Extract<Endpoint, { kind: "model" }>;

export type Desk = {
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
export async function exchange(
  desk: Desk,
  { request, response, endpoint, requestId, signal }: Exchange,
): Promise<void> {
  const key = desk.keyring.authenticate(credentialsOf(request));
  const body = await readBody(request, desk.config.limits, desk.bodies);
  try {
    const asked = parseBody(body.bytes);
    const route = routeOf(desk.config, key, asked, endpoint);
    // De-identification (its own issue) takes its place here: between what was asked and what is sent.
    const sent = JSON.stringify({ ...asked, model: route.model });
    const out = { route, operation: endpoint.operation, headers: request.headers, body: sent, signal };
    await desk.upstreams.send(out, desk.config.limits, (head, flow) => relay({ head, flow, response, requestId }));
    response.end();
  } finally {
    body.release();
  }
}

/** Both headers may be there at once (Claude Code's apiKeyHelper sends both): either counts. */
export function credentialsOf(request: IncomingMessage): string[] {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const apiKey = request.headers["x-api-key"];
  return [bearer, typeof apiKey === "string" ? apiKey : undefined].filter((value) => value !== undefined);
}

function routeOf(config: LoadedConfig, key: VirtualKey, asked: JsonObject, endpoint: ModelEndpoint): LiveRoute {
  const alias = asked["model"];
  if (typeof alias !== "string") throw new Refusal("invalid_request_error", "model: should be a string");
  const route = config.live.get(alias);
  if (route === undefined || !mayUse(key, alias)) {
    throw new Refusal("not_found_error", `model: ${alias} is not served to this key`);
  }
  if (route.dialect !== endpoint.dialect) {
    throw new Refusal("not_supported", `model: ${alias} speaks the ${route.dialect} dialect only`);
  }
  return route;
}

export function mayUse(key: VirtualKey, alias: string): boolean {
  return key.models.length === 0 || key.models.includes(alias);
}
