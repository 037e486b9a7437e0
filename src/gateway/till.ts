// Where a request is let through and paid for: reservation and audit record in one transaction before it leaves,
// settlement, spend row and audit record in one when its answer is over. No commit, no forward.
import type { Clock } from "../lib/ports.ts";
import type { LedgerRecord } from "../ledger/index.ts";
import type { Audit } from "./audit.ts";
import type { Books } from "./books.ts";
import type { Ask, Budgets, Grant, Settled } from "./budgets.ts";
import type { VirtualKey } from "./keyring.ts";
import type { LiveRoute } from "./load-config.ts";
import type { Metrics } from "./metrics.ts";
import type { Counts } from "./privacy/index.ts";
import { Refusal } from "./refusal.ts";
import { budgetSpent } from "./standing.ts";
import type { SpendLog } from "./spend-log.ts";
import type { Traces } from "./traces.ts";
import type { Usage } from "./wire/usage.ts";

export type Granted = Extract<Grant, { kind: "granted" }>;

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

/** How long a request waits for money that others hold. */
const WAIT_MS = 10_000;

export type TillEffects = {
  readonly books: Books;
  readonly budgets: Budgets;
  readonly audit: Audit;
  readonly spendLog: SpendLog;
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

  /**
   * `tighten` may give a smaller ask, once, when the first does not fit.
   * Throws Refusal when the money is spent, or held by others for too long.
   */
  async open(facts: Facts, first: Ask, signal: AbortSignal, tighten: () => Promise<Ask | undefined>): Promise<Granted> {
    const quick = await this.#reserve(facts, first);
    if (quick.kind === "granted") return quick;
    const ask = (await tighten()) ?? first;
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)]);
    for (;;) {
      // Taken before the look at the books: a settlement between look and wait must not be missed.
      const nextSettlement = this.#settlement.promise;
      const grant = await this.#reserve(facts, ask);
      if (grant.kind === "granted") return grant;
      if (grant.kind === "spent") throw budgetSpent(grant.account, this.#effects.clock.now());
      signal.throwIfAborted();
      if (deadline.aborted) {
        throw new Refusal("rate_limit_error", "the budget is held by requests under way", { "retry-after": "5" });
      }
      await Promise.race([nextSettlement, aborted(deadline)]);
    }
  }

  async close(facts: Facts, outcome: Outcome): Promise<Settled> {
    const { books, budgets, audit, spendLog, clock, metrics, traces } = this.#effects;
    const settled = await books.commitSoon(() => {
      const done = budgets.settle({ requestId: facts.requestId, microUsd: outcome.microUsd });
      spendLog.insert(facts, outcome, done.microUsd, clock.now());
      audit.record(answerRecord(facts, outcome, done));
      return done;
    });
    metrics.answered(facts, outcome, settled.microUsd, clock.now());
    traces?.answered(facts, outcome, settled.microUsd, clock.now());
    this.#settlement.resolve();
    this.#settlement = Promise.withResolvers();
    return settled;
  }

  /** The audit record of a request that was not let through; one that was reserved has its records already. */
  async refused(requestId: string, key: VirtualKey, why: string): Promise<void> {
    if (this.#reserved.has(requestId)) return;
    const { books, audit, metrics } = this.#effects;
    try {
      await books.commit(() => audit.record({ kind: "gateway.refused", request: requestId, key: key.id, why }));
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
    const { books, budgets, audit } = this.#effects;
    const open = budgets.openReservations();
    if (open.length === 0) return 0;
    await books.commit(() => {
      for (const requestId of open) {
        const { microUsd } = budgets.settle({ requestId, microUsd: undefined });
        audit.record({ kind: "gateway.answer", request: requestId, outcome: "crashed", microUsd });
      }
    });
    return open.length;
  }

  async #reserve(facts: Facts, ask: Ask): Promise<Grant> {
    const { books, budgets, audit } = this.#effects;
    const grant = await books.commit(() => {
      const answer = budgets.reserve(ask);
      if (answer.kind === "granted") audit.record(requestRecord(facts, answer));
      return answer;
    });
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
  return {
    kind: "gateway.request",
    request: facts.requestId,
    key: key.id,
    user: key.userId,
    team: key.teamId,
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
