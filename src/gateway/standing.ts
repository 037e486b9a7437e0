// How a budget stands, in the headers that Claude Code reads: it warns near the cap, and stops asking at it.
import type { Account } from "./budgets.ts";
import { plainRefusal, type Refusal } from "./refusal.ts";

const PREFIX = "anthropic-ratelimit-unified";

const WARNINGS = [0.95, 0.75];

/** For an answer; `account` is the payer that is closest to its cap. */
export function standingHeaders(account: Account | undefined): Record<string, string> {
  if (account === undefined || account.cap === null || account.cap === 0) return {};
  // Two decimals, and below 1 while something is left.
  const used = Math.min(0.99, Math.floor((account.spent / account.cap) * 100) / 100);
  const surpassed = WARNINGS.find((threshold) => used >= threshold);
  const status = surpassed === undefined ? "allowed" : "allowed_warning";
  return {
    [`${PREFIX}-status`]: status,
    [`${PREFIX}-representative-claim`]: "overage",
    [`${PREFIX}-overage-status`]: status,
    [`${PREFIX}-overage-utilization`]: used.toFixed(2),
    ...(surpassed === undefined ? {} : { [`${PREFIX}-overage-surpassed-threshold`]: String(surpassed) }),
    ...periodHeaders(account),
  };
}

/** The refusal of a request that the account has no money for, and will have none though others give theirs back. */
export function budgetSpent(account: Account, now: number): Refusal {
  const [kind = "key", , ...alias] = account.id.split(":");
  const whose = kind === "model" ? `key for ${alias.join(":")}` : kind;
  const renewed = account.resetsAt === null ? "" : `; it is renewed at ${new Date(account.resetsAt).toISOString()}`;
  const waitSeconds = account.resetsAt === null ? 3600 : Math.max(1, Math.ceil((account.resetsAt - now) / 1000));
  return plainRefusal("billing_error", `the budget of this ${whose} ${stateOf(account)}${renewed}`, {
    "retry-after": String(waitSeconds),
    // Without a representative claim, so that the message is shown as it is.
    [`${PREFIX}-status`]: "rejected",
    [`${PREFIX}-overage-utilization`]: "1",
    [`${PREFIX}-overage-surpassed-threshold`]: "1",
    [`${PREFIX}-overage-disabled-reason`]: "org_spend_cap_reached",
    ...periodHeaders(account),
  });
}

function stateOf({ spent, cap }: Account): string {
  const left = (cap ?? 0) - spent;
  if (left <= 0) return `is spent: ${usd(spent)} of ${usd(cap ?? 0)}`;
  return `has ${usd(left)} of ${usd(cap ?? 0)} left, and this request may cost more: ask for less output`;
}

const PERIODS: ReadonlyMap<string | null, string> = new Map([
  ["1d", "daily"],
  ["24h", "daily"],
  ["7d", "weekly"],
  ["1w", "weekly"],
  ["30d", "monthly"],
  ["1mo", "monthly"],
]);

function periodHeaders({ resetsAt, period }: Account): Record<string, string> {
  if (resetsAt === null) return {};
  const reset = String(Math.ceil(resetsAt / 1000));
  const named = PERIODS.get(period);
  return {
    [`${PREFIX}-reset`]: reset,
    [`${PREFIX}-overage-reset`]: reset,
    ...(named === undefined ? {} : { [`${PREFIX}-overage-period`]: named }),
  };
}

function usd(microUsd: number): string {
  // Cents, and as many digits more as there are.
  return `$${(microUsd / 1_000_000).toFixed(6).replace(/0{1,4}$/, "")}`;
}
