// Where a request is let through and paid for: reservation and audit record in one line of the journal before it leaves,
// settlement, spend row and audit record in one when its answer is over. No commit, no forward.
import type { Clock } from "../lib/ports.ts";
import type { LedgerRecord } from "../ledger/index.ts";
import type { Ask, Budgets, Grant, Settled } from "./budgets.ts";
import type { Cashbook, Granted } from "./cashbook.ts";
import type { VirtualKey } from "./keyring.ts";
import type { LiveRoute } from "./load-config.ts";
import type { Metrics } from "./metrics.ts";
import type { Counts } from "./privacy/index.ts";
import { organizationAmong } from "./owners.ts";
import { plainRefusal } from "./refusal.ts";
import { budgetSpent } from "./standing.ts";
import type { SpendRow } from "./spend-log.ts";
import type { Traces } from "./traces.ts";
import type { Usage } from "./wire/usage.ts";

/** What is known of a request before it leaves. */
export type Facts = {
  readonly requestId: string;
  readonly key: VirtualKey;
  readonly route: LiveRoute;
  readonly operation: string;
  readonly isStream: boolean;
  readonly sizeBytes: number;
  readonly startedAt: number;
  /** How many pieces of personal data were taken out, by kind. */
  readonly findings: Counts;
  /** Digest of the routes, prices and data classes that let it through. */
  readonly policy: string;
  /** The client's trace, as it names it. */
  readonly traceparent?: string | undefined;
};

export type Outcome = {
  /** `answered`, `upstream-error`, or the kind of refusal that ended it. */
  readonly outcome: string;
  readonly status: number;
  readonly usage: Usage | undefined;
  /** Micro-USD; undefined charges the whole reservation. */
  readonly microUsd: number | undefined;
  /** SHA-256 of the certificate that the upstream showed. */
  readonly tlsLeaf: string | undefined;
};

export type Patience = {
  readonly signal: AbortSignal;
  /** How long to wait for money that others hold. */
  readonly waitMs: number;
  /** May give a smaller ask, once, when the first does not fit as a whole. */
  readonly tighten: () => Promise<Ask | undefined>;
};

export type TillEffects = {
  readonly budgets: Budgets;
  readonly cashbook: Cashbook;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Only when a collector is configured. */
  readonly traces?: Traces | undefined;
};

export class Till {
  readonly #effects: TillEffects;
  /** Resolves with the next settlement: money may have come back. */
  #settlement = Promise.withResolvers<void>();
  /** Requests under way that were let through: their beginning and their end are in the audit. */
  readonly #reserved = new Set<string>();

  constructor(effects: TillEffects) {
    this.#effects = effects;
  }

  /** Throws Refusal when the money is spent, or held by others for too long. */
  async open(facts: Facts, first: Ask, { signal, waitMs, tighten }: Patience): Promise<Granted> {
    // All that is wanted, or the bound is tightened before anything is lowered.
    const whole = await this.#reserve(facts, { ...first, floorTokens: first.wantedTokens });
    if (whole.kind === "granted") return whole;
    const ask = (await tighten()) ?? first;
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
    for (;;) {
      // Taken before the look at the books: a settlement between look and wait must not be missed.
      const nextSettlement = this.#settlement.promise;
      const grant = await this.#reserve(facts, ask);
      if (grant.kind === "granted") return grant;
      if (grant.kind === "spent") throw budgetSpent(grant.account, this.#effects.clock.now());
      signal.throwIfAborted();
      if (deadline.aborted) {
        throw plainRefusal("rate_limit_error", "the budget is held by requests under way", { "retry-after": "5" });
      }
      await Promise.race([nextSettlement, aborted(deadline)]);
    }
  }

  async close(facts: Facts, outcome: Outcome): Promise<Settled> {
    const { cashbook, clock, metrics, traces } = this.#effects;
    const settled = await cashbook.charge(facts.requestId, outcome.microUsd, (done) => ({
      spend: spendRow(facts, outcome, done.microUsd, clock.now()),
      record: answerRecord(facts, outcome, done),
    }));
    metrics.answered(facts, outcome, settled.microUsd, clock.now());
    traces?.answered(facts, outcome, settled.microUsd, clock.now());
    this.#settlement.resolve();
    this.#settlement = Promise.withResolvers();
    return settled;
  }

  /** The audit record of a request that was not let through; one that was reserved has its records already. */
  async refused(requestId: string, key: VirtualKey, why: string): Promise<void> {
    if (this.#reserved.has(requestId)) return;
    const { cashbook, metrics } = this.#effects;
    try {
      await cashbook.note({ kind: "gateway.refused", request: requestId, key: key.id, why });
    } catch {
      // The client is told of its own refusal; that the books cannot be written is counted, and the next forward fails.
      metrics.auditLost();
    }
  }

  /** The request is over, however it ended. */
  leave(requestId: string): void {
    this.#reserved.delete(requestId);
  }

  /** What was under way when the gateway died is charged in full, finally. Answers how many requests that were. */
  async recover(): Promise<number> {
    const { budgets, cashbook } = this.#effects;
    const open = budgets.openReservations();
    const charged = open.map(async (request) => {
      await cashbook.charge(request, undefined, ({ microUsd }) => ({
        spend: null,
        record: { kind: "gateway.answer", request, outcome: "crashed", microUsd },
      }));
    });
    await Promise.all(charged);
    await cashbook.fold();
    return open.length;
  }

  async #reserve(facts: Facts, ask: Ask): Promise<Grant> {
    const grant = await this.#effects.cashbook.hold(ask, (granted) => requestRecord(facts, granted));
    if (grant.kind === "granted") this.#reserved.add(facts.requestId);
    return grant;
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function requestRecord(facts: Facts, grant: Granted): LedgerRecord {
  const { key, route } = facts;
  const organization = organizationAmong(grant.accounts);
  return {
    kind: "gateway.request",
    request: facts.requestId,
    key: key.id,
    user: key.userId,
    team: key.teamId,
    ...(organization === undefined ? {} : { organization }),
    model: route.alias,
    upstreamModel: route.model,
    upstream: route.host,
    residency: route.residency,
    operation: facts.operation,
    stream: facts.isStream,
    bytes: facts.sizeBytes,
    reservedMicroUsd: grant.microUsd,
    policy: facts.policy,
    ...(Object.keys(facts.findings).length === 0 ? {} : { findings: { ...facts.findings } }),
  };
}

function answerRecord(facts: Facts, { outcome, status, usage, tlsLeaf }: Outcome, settled: Settled): LedgerRecord {
  return {
    kind: "gateway.answer",
    request: facts.requestId,
    outcome,
    status,
    microUsd: settled.microUsd,
    ...(settled.isOverrun ? { overrun: true } : {}),
    ...(tlsLeaf === undefined ? {} : { tlsLeaf }),
    ...(usage === undefined
      ? {}
      : {
          input: usage.input,
          cacheRead: usage.cacheRead,
          cacheWrite: usage.cacheWrite5m + usage.cacheWrite1h,
          output: usage.output,
          ...(usage.geo === undefined ? {} : { inferenceGeo: usage.geo }),
        }),
  };
}

function spendRow(
  { requestId, key, route, operation, startedAt }: Facts,
  outcome: Outcome,
  microUsd: number,
  at: number,
): SpendRow {
  const { usage } = outcome;
  return {
    requestId,
    at,
    startedAt,
    keyId: key.id,
    keyHash: key.hash,
    userId: key.userId,
    teamId: key.teamId,
    operation,
    alias: route.alias,
    model: route.model,
    upstream: route.upstream,
    outcome: outcome.outcome,
    microUsd,
    promptTokens: usage === undefined ? 0 : usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h,
    completionTokens: usage?.output ?? 0,
  };
}
