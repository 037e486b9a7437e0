// The management API: the part of LiteLLM's key API that its clients use, on a unix socket of its own.
import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { digest } from "../lib/digest.ts";
import type { Clock } from "../lib/ports.ts";
import type { Sensitive } from "../lib/sensitive.ts";
import { BodyBudget, parseBody, readBody } from "./body.ts";
import type { JsonObject } from "./json.ts";
import { credentialsOf } from "./exchange.ts";
import { keyOperations } from "./key-operations.ts";
import type { Keyring } from "./keyring.ts";
import { Refusal, refusalBody, refusalHeaders } from "./refusal.ts";

export type ManagementDesk = { readonly keyring: Keyring; readonly master: Sensitive; readonly clock: Clock };

/** Answers one call; `input` is the JSON body of a POST, or the query of a GET. */
export type ManagementCall = (desk: ManagementDesk, input: JsonObject) => Promise<object> | object;

const LIMITS = { bodyBytes: 1_048_576, bodiesBytes: 8_388_608, bodyMs: 10_000 };

export function managementServer(desk: ManagementDesk): Server {
  const bodies = new BodyBudget();
  return createServer({ headersTimeout: 5000, requestTimeout: 15_000 }, (request, response) => {
    answer(desk, bodies, request).then(
      (value) => send(response, 200, JSON.stringify(value), {}),
      (error: unknown) => refuse(response, error),
    );
  });
}

async function answer(desk: ManagementDesk, bodies: BodyBudget, request: IncomingMessage): Promise<object> {
  checkMaster(desk.master, credentialsOf(request));
  const url = new URL(request.url ?? "/", "http://management");
  const call = keyOperations[`${request.method} ${url.pathname}`];
  if (call === undefined)
    throw new Refusal("not_found_error", `the management API has no ${request.method} ${url.pathname}`);
  if (request.method === "GET") return await call(desk, Object.fromEntries(url.searchParams));
  const body = await readBody(request, LIMITS, bodies);
  try {
    return await call(desk, body.bytes.length === 0 ? {} : parseBody(body.bytes));
  } finally {
    body.release();
  }
}

function checkMaster(master: Sensitive, credentials: readonly string[]): void {
  // Digests have one length, so the comparison tells nothing about the key's.
  const wanted = Buffer.from(digest(master.unwrap()));
  if (!credentials.some((credential) => timingSafeEqual(wanted, Buffer.from(digest(credential))))) {
    throw new Refusal("authentication_error", "the management API wants the master key as a bearer token");
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  const refusal = error instanceof Refusal ? error : new Refusal("api_error", "the gateway failed");
  send(response, refusal.status, refusalBody("openai", refusal, ""), refusalHeaders(refusal));
}

function send(response: ServerResponse, status: number, text: string, headers: Record<string, string>): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
}
