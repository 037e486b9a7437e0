// The management API: the part of LiteLLM's key API that its clients use, on a unix socket of its own.
import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { digest } from "../lib/digest.ts";
import type { Clock } from "../lib/ports.ts";
import type { Sensitive } from "../lib/sensitive.ts";
import { BodyBudget, parseBody, readBody } from "./body.ts";
import type { JsonObject } from "./json.ts";
import type { Budgets } from "./budgets.ts";
import type { Cashbook } from "./cashbook.ts";
import { credentialsOf } from "./admission.ts";
import { keyOperations } from "./key-operations.ts";
import type { InFlight } from "./in-flight.ts";
import type { Keyring } from "./keyring.ts";
import { ownerOperations } from "./owner-operations.ts";
import type { Owners } from "./owners.ts";
import { spendOperations } from "./spend-operations.ts";
import type { SpendLog } from "./spend-log.ts";
import { Refusal, refusalBody, refusalHeaders } from "./refusal.ts";

export type ManagementDesk = {
  readonly cashbook: Cashbook;
  readonly keyring: Keyring;
  readonly owners: Owners;
  readonly budgets: Budgets;
  readonly spendLog: SpendLog;
  readonly inFlight: InFlight;
  readonly master: Sensitive;
  readonly clock: Clock;
};

/** Answers one call; `input` is the JSON body of a POST, or the query of a GET. */
export type ManagementCall = (desk: ManagementDesk, input: JsonObject) => Promise<object> | object;

const OPERATIONS: Readonly<Record<string, ManagementCall>> = {
  ...keyOperations,
  ...ownerOperations,
  ...spendOperations,
};

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
  // LiteLLM also names the key in the path: /key/<key>/regenerate.
  const [, key] = /^\/key\/([^/]+)\/regenerate$/.exec(url.pathname) ?? [];
  const path = key === undefined ? url.pathname : "/key/regenerate";
  const call = OPERATIONS[`${request.method} ${path}`];
  if (call === undefined) throw new Refusal("not_found_error", `there is no ${request.method} ${url.pathname}`);
  await spendingKnown(desk.cashbook);
  if (request.method === "GET") return await call(desk, Object.fromEntries(url.searchParams));
  const body = await readBody(request, LIMITS, bodies);
  try {
    const input = body.bytes.length === 0 ? {} : parseBody(body.bytes);
    return await call(desk, key === undefined ? input : { ...input, key: decodeURIComponent(key) });
  } finally {
    body.release();
  }
}

/** Whoever has had an answer sees what it cost. */
async function spendingKnown(cashbook: Cashbook): Promise<void> {
  try {
    await cashbook.fold();
  } catch (error) {
    // A disk that is full must not keep anybody from blocking a key.
    if (!(error instanceof Refusal)) throw error;
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
