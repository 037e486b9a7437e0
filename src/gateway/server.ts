// The model port: answers health and model lists, hands model requests to `exchange`, and writes every refusal.
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { named } from "./delivery.ts";
import { dialectOf, endpointOf, loggedPath } from "./endpoints.ts";
import { credentialsOf, modelsFor, refuseTo } from "./admission.ts";
import { exchange, type Desk } from "./exchange.ts";
import type { Log } from "./log.ts";
import { plainRefusal, Refusal, refusalBody, refusalHeaders } from "./refusal.ts";

/** Whether requests are let through, and why not. */
export type Readiness = "ready" | "draining" | "unwritable";

/** The words of LiteLLM's `/health/readiness`. */
const READINESS = {
  ready: { status: 200, told: { status: "healthy", db: "connected" } },
  draining: { status: 503, told: { status: "draining", db: "connected" } },
  unwritable: { status: 503, told: { status: "unhealthy", db: "not writable" } },
};

export type Live = {
  /** The desk of this moment: a reload replaces it, requests in flight keep theirs. */
  desk(): Desk;
  readiness(): Readiness;
  readonly log: Log;
};

export function modelServer(live: Live): Server {
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 0, keepAliveTimeout: 65_000 });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => void serve(live, request, response));
  return server;
}

async function serve(live: Live, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const requestId = newRequestId();
  try {
    await answer(live, request, response, requestId);
  } catch (error) {
    refuse(live, request, response, requestId, asRefusal(live.log, error, requestId));
  }
}

/** Begins with the time, so that rows of one moment stand together in the books; 80 bits are random. */
function newRequestId(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  return `req_${time}${randomUUID().replaceAll("-", "").slice(12)}`;
}

async function answer(
  live: Live,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): Promise<void> {
  const desk = live.desk();
  const endpoint = endpointOf(request.method ?? "", request.url ?? "");
  if (endpoint === undefined) throw plainRefusal("not_found_error", "the gateway has no such path");
  switch (endpoint.kind) {
    case "alive":
      return send(response, 200, "text/plain", "I'm alive!", requestId);
    case "hello":
      return send(response, 200, "text/plain", "", requestId);
    case "ready": {
      const { status, told } = READINESS[live.readiness()];
      return sendJson(response, status, told, requestId);
    }
    case "models":
      return sendJson(response, 200, modelList(desk, request), requestId);
    case "one-model":
      return sendJson(response, 200, oneModel(desk, request, endpoint.alias), requestId);
    case "refused":
      return await refuseTo(desk, { request, requestId }, endpoint.what);
    case "model":
      return await exchange(desk, { request, response, endpoint, requestId });
  }
}

/** One list that clients of both dialects can read. */
function modelList(desk: Desk, request: IncomingMessage): object {
  const data = modelsFor(desk, request).map(shownModel);
  return { object: "list", data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
}

function oneModel(desk: Desk, request: IncomingMessage, alias: string): object {
  if (modelsFor(desk, request).includes(alias)) return shownModel(alias);
  throw new Refusal("not_found_error", `model: ${alias} is not served to this key`);
}

function shownModel(id: string) {
  return {
    id,
    object: "model",
    created: 0,
    owned_by: "demesne",
    type: "model",
    display_name: id,
    created_at: "1970-01-01T00:00:00Z",
  };
}

function sendJson(response: ServerResponse, status: number, value: object, requestId: string): void {
  send(response, status, "application/json", JSON.stringify(value), requestId);
}

function send(response: ServerResponse, status: number, type: string, text: string, requestId: string): void {
  const headers = { "content-type": type, "content-length": Buffer.byteLength(text), ...named(requestId) };
  response.writeHead(status, headers).end(text);
}

function asRefusal(log: Log, error: unknown, requestId: string): Refusal {
  if (error instanceof Refusal) return error;
  log({ event: "bug", requestId, name: error instanceof Error ? error.name : typeof error, frames: framesOf(error) });
  return plainRefusal("api_error", "the gateway failed; its log names this request");
}

/** Where it happened, without the message: messages quote what was being read. */
function framesOf(error: unknown): string[] {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  return stack
    .split("\n")
    .filter((line) => /^ +at /.test(line))
    .map((line) => line.trim());
}

function refuse(
  live: Live,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  refusal: Refusal,
): void {
  const desk = live.desk();
  live.log({
    event: "refused",
    requestId,
    kind: refusal.kind,
    reason: refusal.reason ?? null,
    keyId: desk.keyring.recognise(credentialsOf(request))?.id ?? null,
    path: loggedPath(request.method ?? "", request.url ?? ""),
  });
  desk.metrics.refused(refusal.kind);
  if (response.destroyed || response.writableEnded) return;
  const dialect = dialectOf(request.method ?? "", request.url ?? "", request.headers);
  const body = refusalBody(dialect, refusal, requestId);
  if (response.headersSent) {
    breakOff(response, dialect === "anthropic" ? `event: error\ndata: ${body}\n\n` : `data: ${body}\n\n`);
    return;
  }
  response.writeHead(refusal.status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...named(requestId),
    // The rest of a body that was refused half-way is not waited for.
    ...(request.complete ? {} : { connection: "close" }),
    ...refusalHeaders(refusal),
  });
  response.end(body);
}

/** A stream that has begun can only say so in its own words; any other answer must not look whole. */
function breakOff(response: ServerResponse, event: string): void {
  if (String(response.getHeader("content-type")).startsWith("text/event-stream")) response.end(event);
  else response.destroy();
}
