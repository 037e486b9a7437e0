// Prices a request, reserves what it can cost at most, and settles what it did cost.
import type { IncomingHttpHeaders } from "node:http";
import { inputBound } from "./bound.ts";
import type { Ask } from "./budgets.ts";
import { countedInput } from "./counting.ts";
import type { Desk } from "./exchange.ts";
import { modelAccountOf } from "./keyring.ts";
import type { Limited } from "./limits.ts";
import { wantedOutput, withOutput, type Outgoing } from "./outgoing.ts";
import { costOf, priceOf, worstOf, type Price } from "./price.ts";
import { Refusal } from "./refusal.ts";
import { standingHeaders } from "./standing.ts";
import type { Facts } from "./till.ts";
import type { UpstreamRequest } from "./upstream.ts";
import type { Usage } from "./wire/usage.ts";

export type Purchase = {
  readonly facts: Facts;
  readonly sent: Outgoing;
  readonly payers: readonly Limited[];
  readonly signal: AbortSignal;
  readonly headers: IncomingHttpHeaders;
};

type Ending = {
  /** The upstream's status; 0 when it never answered. */
  readonly status: number;
  readonly usage: Usage | undefined;
  /** Set when the request left. */
  readonly sent: { readonly tlsLeaf: string | undefined } | undefined;
  readonly failure: unknown;
};

export type PaidCall = {
  readonly request: UpstreamRequest;
  /** How the budget stands, for the client. */
  readonly headers: Readonly<Record<string, string>>;
  settle(ending: Ending): Promise<void>;
};

const DEFAULT_OUTPUT = 16_384;

/** Throws Refusal when the request has no price or no budget. */
export async function pay(desk: Desk, purchase: Purchase): Promise<PaidCall> {
  const { facts, sent, signal, headers } = purchase;
  const { route } = facts;
  const price = sent.operation === "count_tokens" ? undefined : priceOf(route, desk.config.priceList);
  const wanted = wantedOutput(sent, route);
  const text = JSON.stringify(sent.body);
  const bytesBound = inputBound(Buffer.byteLength(text), sent.survey, price?.imageTokens ?? 0);
  const outgoing = { route, headers, signal };
  const ask = askFor(desk, purchase, { price, text, wanted: wanted ?? DEFAULT_OUTPUT });
  const tighten = async (): Promise<Ask | undefined> => {
    if (sent.operation !== "messages" || route.dialect !== "anthropic") return undefined;
    const counted = await countedInput(desk.upstreams, outgoing, sent.body, desk.config.limits);
    return counted === undefined ? undefined : ask(Math.min(counted, bytesBound));
  };
  const waitMs = desk.config.limits.heldMoneyMs;
  const grant = await desk.till.open(facts, ask(bytesBound), { signal, waitMs, tighten });
  const isNamed = grant.outputTokens === wanted || (wanted === undefined && route.residency === "local");
  const body = isNamed ? text : JSON.stringify(withOutput(sent, route, grant.outputTokens));
  return {
    request: { ...outgoing, operation: sent.operation, body },
    headers: standingHeaders(grant.closest),
    settle: (ending) => settle(desk, facts, price, ending),
  };
}

type AskParts = { readonly price: Price | undefined; readonly text: string; readonly wanted: number };

function askFor(
  desk: Desk,
  { facts, payers, sent }: Purchase,
  { price, text, wanted }: AskParts,
): (inputTokens: number) => Ask {
  // Quotes inside strings are escaped, so this finds the key and not somebody's text about it.
  const mayWriteCache = text.includes('"cache_control"');
  // A workspace may have a place of its own: where the request names none, the dearer one counts.
  const isUsOnly = facts.route.dialect === "anthropic" && sent.body["inference_geo"] !== "global";
  return (inputTokens) => ({
    requestId: facts.requestId,
    accounts: [...payers.map(({ id }) => id), ...modelAccount(facts)],
    worst:
      price === undefined
        ? { cost: () => 0, outputFor: () => wanted }
        : worstOf(price, { inputTokens, mayWriteCache, isUsOnly }),
    wantedTokens: wanted,
    floorTokens: desk.config.minOutputTokens,
  });
}

function modelAccount({ key, route }: Facts): string[] {
  return key.modelBudgets.includes(route.alias) ? [modelAccountOf(key, route.alias)] : [];
}

async function settle(desk: Desk, facts: Facts, price: Price | undefined, ending: Ending): Promise<void> {
  const { status, usage } = ending;
  const settled = await desk.till.close(facts, {
    outcome: outcomeOf(ending),
    status,
    usage,
    microUsd: charge(facts, price, ending),
    tlsLeaf: ending.sent?.tlsLeaf,
  });
  if (!settled.isOverrun) return;
  // The bound was wrong or the upstream is not honest: nothing more goes out on this key until somebody has looked.
  desk.log({ event: "budget-overrun", requestId: facts.requestId, keyId: facts.key.id, microUsd: settled.microUsd });
  await desk.keyring.freeze(facts.key.id);
}

function outcomeOf({ status, failure }: Ending): string {
  if (status >= 400) return "upstream-error";
  if (failure === undefined) return "answered";
  return failure instanceof Refusal ? failure.kind : "bug";
}

/** Errors and what never left cost nothing; what broke off or was not counted costs all that was set aside. */
function charge(facts: Facts, price: Price | undefined, { status, usage, sent, failure }: Ending): number | undefined {
  if (price === undefined || sent === undefined || status >= 400) return 0;
  if (failure !== undefined || usage === undefined) return undefined;
  return costOf(price, usage, facts.route.residency === "us" || usage.geo === "us");
}
