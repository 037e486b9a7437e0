// The way of one request through the gateway, from the client's headers to the last byte of its answer.
import type { IncomingMessage, ServerResponse } from "node:http";
import { checkPath, enter, mayUse, routeOf } from "./admission.ts";
import { BodyBudget, parseBody, readBody } from "./body.ts";
import type { JsonObject } from "./json.ts";
import { Delivery, named } from "./delivery.ts";
import type { Endpoint } from "./endpoints.ts";
import { estimateTokens } from "./estimate.ts";
import type { Clock } from "../lib/ports.ts";
import type { InFlight, Underway } from "./in-flight.ts";
import type { Keyring, VirtualKey } from "./keyring.ts";
import type { Limited, Limits } from "./limits.ts";
import type { LiveRoute, LoadedConfig } from "./load-config.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { outgoing } from "./outgoing.ts";
import type { Owners } from "./owners.ts";
import type { Pace } from "./pace.ts";
import { pay, type PaidCall } from "./pay.ts";
import { plainRefusal, Refusal } from "./refusal.ts";
import { cross, type Crossing } from "./cross.ts";
import { Unclean, type Privacy } from "./privacy/index.ts";
import { restoring } from "./restoring.ts";
import type { Till } from "./till.ts";
import type { Upstreams } from "./upstream.ts";

export type ModelEndpoint = Extract<Endpoint, { kind: "model" }>;

/** Asked for where a chat client names no number and the answer costs money. */
const DEFAULT_MAX_TOKENS = 16_384;

export type Desk = {
  readonly clock: Clock;
  readonly config: LoadedConfig;
  readonly keyring: Keyring;
  readonly owners: Owners;
  readonly limits: Limits;
  readonly till: Till;
  readonly inFlight: InFlight;
  readonly upstreams: Upstreams;
  readonly bodies: BodyBudget;
  readonly pace: Pace;
  readonly privacy: Privacy;
  readonly metrics: Metrics;
  readonly log: Log;
};

export type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly endpoint: ModelEndpoint;
  readonly requestId: string;
};

/** Throws Refusal for everything the client should be told; the server writes it in the client's dialect. */
export async function exchange(desk: Desk, one: Exchange): Promise<void> {
  const { key, payers, under } = await enter(desk, one, (known) => checkPath(known, one.endpoint));
  one.response.once("close", () => {
    if (!one.response.writableFinished)
      under.ending.abort(plainRefusal("invalid_request_error", "the client went away"));
  });
  try {
    const body = await readBody(one.request, desk.config.limits, desk.bodies);
    try {
      const turn = desk.pace.turn(body.bytes.length, under.ending.signal);
      if (turn !== undefined) await turn;
      await decide(desk, one, { key, payers, body: body.bytes, under });
    } finally {
      body.release();
    }
  } catch (error) {
    // What was reserved has its own records; this is for what was not let through.
    await desk.till.refused(one.requestId, key, error instanceof Refusal ? error.kind : "bug");
    throw error;
  } finally {
    desk.till.leave(one.requestId);
    under.leave();
  }
}

type Admitted = {
  readonly key: VirtualKey;
  readonly payers: readonly Limited[];
  readonly under: Underway;
};

async function decide(
  desk: Desk,
  one: Exchange,
  { body, ...admitted }: Admitted & { readonly body: Buffer },
): Promise<void> {
  const asked = parseBody(body);
  const route = routeOf(desk.config, admitted.payers, asked);
  const estimate = estimateTokens(asked, body.length);
  const sizeBytes = body.length;
  const go = async (to: LiveRoute): Promise<void> => {
    if (one.endpoint.operation === "count_tokens" && to.dialect === "openai") {
      return answerEstimate(one, estimate);
    }
    await carryOut(desk, one, await prepare(desk, one, { ...admitted, asked, route: to, estimate, sizeBytes }));
  };
  try {
    await go(route);
  } catch (error) {
    // Thrown before anything is reserved or sent.
    const local = error instanceof Unclean ? localRoute(desk.config, admitted.payers) : undefined;
    if (local === undefined) throw error;
    await go(local).catch((failure: unknown) => {
      throw isAbsent(failure) && !one.response.headersSent ? notNow(error, local) : failure;
    });
  }
}

/** Who gets what cannot be cleaned, if there is somebody whom this key may ask. */
function localRoute({ privacy, live }: LoadedConfig, payers: readonly Limited[]): LiveRoute | undefined {
  const { fallback } = privacy;
  return fallback !== undefined && mayUse(payers, fallback) ? live.get(fallback) : undefined;
}

function isAbsent(failure: unknown): boolean {
  return failure instanceof Refusal && failure.kind === "overloaded_error";
}

/** Said once and in words: a client that comes back by itself would find nobody again. */
function notNow(unclean: unknown, { alias }: LiveRoute): Refusal {
  const why = unclean instanceof Unclean ? unclean.message : "it cannot be cleaned";
  return new Refusal("policy_blocked", `${why}; ${alias}, which would get it instead, does not answer`);
}

type Forward = Admitted & {
  readonly asked: JsonObject;
  readonly route: LiveRoute;
  /** A guess at the input's tokens. */
  readonly estimate: number;
  readonly sizeBytes: number;
};

type Prepared = Forward & { readonly crossing: Crossing; readonly call: PaidCall };

/** All that comes before the first byte leaves: policy, limits, price, reservation and audit record. */
async function prepare(desk: Desk, one: Exchange, admitted: Forward): Promise<Prepared> {
  const { key, payers, asked, route, estimate, sizeBytes } = admitted;
  const { signal } = admitted.under.ending;
  const { operation } = one.endpoint;
  const startedAt = desk.clock.now();
  const options = { operation, route, now: startedAt, maxTokens: DEFAULT_MAX_TOKENS, inputEstimate: estimate };
  const { headers } = one.request;
  const { crossed, leaving, clean } = await notTooDeep(async () => {
    const there = cross(asked, options);
    const out = outgoing(there, route, key);
    return { crossed: there, leaving: out, clean: await desk.privacy.clean({ ...out, headers, route, key, signal }) };
  });
  const sent = { ...leaving, body: clean.body };
  const crossing = { ...crossed, rewriter: restoring(crossed.rewriter, leaving.operation, clean) };
  desk.limits.admit(payers, estimate);
  const { policy } = desk.config;
  const traceparent = one.request.headers["traceparent"]?.toString();
  const { isStream } = crossing.rewriter;
  const facts = {
    requestId: one.requestId,
    key,
    route,
    operation,
    isStream,
    sizeBytes,
    startedAt,
    policy,
    findings: clean.counts,
    traceparent,
  };
  const call = await pay(desk, { facts, sent, payers, signal, headers });
  return { ...admitted, crossing, call };
}

/** What is nested deeper than calls can go is the client's to mend, and no fault of ours. */
async function notTooDeep<T>(walk: () => Promise<T>): Promise<T> {
  try {
    return await walk();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw plainRefusal("invalid_request_error", "the body is nested too deeply");
  }
}

async function carryOut(desk: Desk, one: Exchange, { route, payers, estimate, under, crossing, call }: Prepared) {
  const { rewriter, leftOut } = crossing;
  const delivery = new Delivery({
    response: one.response,
    requestId: one.requestId,
    rewriter,
    headers: {
      ...(one.endpoint.dialect === "anthropic" ? call.headers : {}),
      ...(leftOut.length > 0 ? { "x-demesne-left-out": leftOut.join(", ") } : {}),
    },
    isSameDialect: route.dialect === one.endpoint.dialect,
    mayMend: one.endpoint.dialect === "anthropic" && route.residency === "local",
    // Their names only: the body must not stay in memory while its answer streams.
    failed: { sent: new Set(Object.keys(crossing.body)), inputEstimate: estimate },
    idleMs: desk.config.limits.idleMs,
    pingMs: desk.config.limits.pingMs,
    abort: (reason) => under.ending.abort(reason),
  });
  let sent: { readonly tlsLeaf: string | undefined } | undefined;
  let failure: unknown;
  try {
    const out = { ...call.request, onSent: (tlsLeaf: string | undefined) => void (sent = { tlsLeaf }) };
    await desk.upstreams.send(out, desk.config.limits, (head, flow) => {
      if (rewriter.isStream) under.begun();
      return delivery.open(head, flow);
    });
    delivery.end();
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    delivery.close();
    under.answered();
    const used = rewriter.usage;
    await call.settle({ status: delivery.status, usage: used, sent, failure });
    if (used !== undefined) desk.limits.correct(payers, used.input + used.output - estimate);
  }
}

/** The header says that it is a guess. */
function answerEstimate({ response, requestId }: Exchange, tokens: number): void {
  const headers = { "content-type": "application/json", "x-demesne-estimate": "true", ...named(requestId) };
  response.writeHead(200, headers).end(JSON.stringify({ input_tokens: tokens }));
}
