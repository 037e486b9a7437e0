// Budgets that cannot be overspent: before a request leaves, the most it can cost is set aside in every account that pays
// for it (key, user, team), checked and written in one transaction. Integer micro-USD.
// Invariant, for every account with a cap and an honest upstream: spent + reserved <= cap, at every moment.
import type { StatementSync } from "node:sqlite";
import type { Clock } from "../lib/ports.ts";
import type { Books } from "./books.ts";
import { periodEnd } from "./period.ts";
import type { Worst } from "./price.ts";

export type Account = {
  readonly id: string;
  /** Micro-USD; null is no limit. */
  readonly cap: number | null;
  readonly spent: number;
  readonly reserved: number;
  /** A duration; null is for ever. */
  readonly period: string | null;
  readonly resetsAt: number | null;
};

export type Ask = {
  readonly requestId: string;
  readonly accounts: readonly string[];
  readonly worst: Worst;
  /** Output tokens the client wants, and the fewest that are still worth having. */
  readonly wantedTokens: number;
  readonly floorTokens: number;
};

export type Grant =
  | {
      readonly kind: "granted";
      readonly outputTokens: number;
      readonly microUsd: number;
      /** The payer that has spent the most of its cap. */
      readonly closest: Account | undefined;
    }
  /** Would fit if what others hold came back: worth waiting for. */
  | { readonly kind: "held"; readonly account: string }
  | { readonly kind: "spent"; readonly account: Account };

export type Settlement = {
  readonly requestId: string;
  /** What is charged; undefined charges all that was set aside. */
  readonly microUsd: number | undefined;
};

export type Settled = { readonly microUsd: number; readonly isOverrun: boolean };

export class Budgets {
  readonly #clock: Clock;
  readonly #account: StatementSync;
  readonly #reset: StatementSync;
  readonly #hold: StatementSync;
  readonly #insert: StatementSync;
  readonly #open: StatementSync;
  readonly #allOpen: StatementSync;
  readonly #close: StatementSync;
  readonly #charge: StatementSync;

  constructor(effects: { readonly books: Books; readonly clock: Clock }) {
    const { db } = effects.books;
    this.#clock = effects.clock;
    this.#account = db.prepare(
      "SELECT id, cap, spent, reserved, period, resets_at AS resetsAt FROM account WHERE id = ?",
    );
    this.#reset = db.prepare("UPDATE account SET spent = ?, resets_at = ? WHERE id = ?");
    this.#hold = db.prepare("UPDATE account SET reserved = reserved + ? WHERE id = ?");
    this.#insert = db.prepare("INSERT INTO reservation VALUES (?, ?, ?)");
    this.#open = db.prepare("SELECT accounts, worst FROM reservation WHERE request_id = ?");
    this.#allOpen = db.prepare("SELECT request_id AS id FROM reservation");
    this.#close = db.prepare("DELETE FROM reservation WHERE request_id = ?");
    this.#charge = db.prepare("UPDATE account SET reserved = reserved - ?, spent = spent + ? WHERE id = ?");
  }

  /** Inside a transaction. Lowers the output to what fits, down to the floor. */
  reserve(ask: Ask): Grant {
    const accounts = ask.accounts.map((id) => this.#begin(id)).filter((account) => account !== undefined);
    // What costs nothing needs no room in a budget.
    const isFree = ask.worst.cost(ask.wantedTokens) === 0;
    const capped = accounts.flatMap((one) => (one.cap === null || isFree ? [] : [{ ...one, cap: one.cap }]));
    let outputTokens = ask.wantedTokens;
    for (const account of capped) {
      const free = account.cap - account.spent - account.reserved;
      const fits = Math.min(ask.wantedTokens, ask.worst.outputFor(free));
      if (fits < Math.min(ask.floorTokens, ask.wantedTokens)) return this.#refuse(account, ask);
      outputTokens = Math.min(outputTokens, fits);
    }
    const microUsd = ask.worst.cost(outputTokens);
    const ids = accounts.map((account) => account.id);
    this.#insert.run(ask.requestId, JSON.stringify(ids), microUsd);
    for (const id of ids) this.#hold.run(microUsd, id);
    const [closest] = capped.toSorted((a, b) => b.spent / b.cap - a.spent / a.cap);
    return { kind: "granted", outputTokens, microUsd, closest };
  }

  /** Inside a transaction. A reservation is settled once; a second time it is not there any more and costs nothing. */
  settle({ requestId, microUsd }: Settlement): Settled {
    const open = this.#open.get(requestId);
    if (open === undefined) return { microUsd: 0, isOverrun: false };
    const worst = Number(open["worst"]);
    const charged = microUsd ?? worst;
    const ids: unknown = JSON.parse(String(open["accounts"]));
    if (!Array.isArray(ids)) throw new TypeError("a reservation's accounts are a list");
    for (const id of ids) this.#charge.run(worst, charged, String(id));
    this.#close.run(requestId);
    return { microUsd: charged, isOverrun: charged > worst };
  }

  /** Requests that were under way when the gateway died. Nobody knows what they cost, so they cost the most. */
  openReservations(): string[] {
    return this.#allOpen.all().map(({ id }) => String(id));
  }

  /** The account as it stands now; a period that is over counts as begun anew. */
  look(id: string): Account | undefined {
    const account = readAccount(this.#account.get(id));
    const now = this.#clock.now();
    if (account === undefined || account.resetsAt === null || account.period === null) return account;
    return now < account.resetsAt ? account : { ...account, spent: 0, resetsAt: periodEnd(account.period, now) };
  }

  #begin(id: string): Account | undefined {
    const account = this.look(id);
    if (account !== undefined && account.resetsAt !== null) this.#reset.run(account.spent, account.resetsAt, id);
    return account;
  }

  #refuse(account: Account & { readonly cap: number }, ask: Ask): Grant {
    const least = ask.worst.cost(Math.min(ask.floorTokens, ask.wantedTokens));
    return account.cap - account.spent >= least ? { kind: "held", account: account.id } : { kind: "spent", account };
  }
}

function readAccount(row: Record<string, unknown> | undefined): Account | undefined {
  if (row === undefined) return undefined;
  return {
    id: String(row["id"]),
    cap: orNull(row["cap"]),
    spent: Number(row["spent"]),
    reserved: Number(row["reserved"]),
    period: typeof row["period"] === "string" ? row["period"] : null,
    resetsAt: orNull(row["resetsAt"]),
  };
}

function orNull(value: unknown): number | null {
  return value === null ? null : Number(value);
}
