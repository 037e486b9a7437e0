// Budgets that cannot be overspent: before a request leaves, the most it can cost is set aside in every account that pays
// for it (key, user, team), checked and held in one step. Integer micro-USD. Kept in memory; whoever changes something here
// writes it down before it counts (cashbook.ts).
// Invariant, for every account with a cap and an honest upstream: spent + reserved <= cap, at every moment.
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../lib/ports.ts";
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
      /** The accounts that pay, of those asked for. */
      readonly accounts: readonly string[];
      readonly outputTokens: number;
      readonly microUsd: number;
      /** The payer that has spent the most of its cap. */
      readonly closest: Account | undefined;
    }
  /** Would fit if what others hold came back: worth waiting for. */
  | { readonly kind: "held"; readonly account: string }
  | { readonly kind: "spent"; readonly account: Account };

export type Settled = { readonly microUsd: number; readonly isOverrun: boolean };

export type Reservation = { readonly requestId: string; readonly accounts: readonly string[]; readonly worst: number };

/** What changed since the last one, as the books should have it. */
export type Snapshot = {
  readonly accounts: readonly Account[];
  readonly opened: readonly Reservation[];
  readonly closed: readonly string[];
};

type Purse = { -readonly [Key in keyof Account]: Account[Key] };

export class Budgets {
  readonly #clock: Clock;
  readonly #purses = new Map<string, Purse>();
  readonly #held = new Map<string, Reservation>();
  /** Since the last snapshot. */
  readonly #changed = new Set<string>();
  /** Reservations that stand in the books. */
  #stored: ReadonlySet<string>;
  /** Reservations that may stand there: whoever wrote them did not say. */
  readonly #unsure = new Set<string>();

  constructor(db: DatabaseSync, clock: Clock) {
    this.#clock = clock;
    for (const row of db.prepare("SELECT * FROM account").all()) {
      const purse = readPurse(row);
      this.#purses.set(purse.id, purse);
    }
    for (const row of db.prepare("SELECT * FROM reservation").all()) {
      const requestId = String(row["request_id"]);
      const accounts: unknown = JSON.parse(String(row["accounts"]));
      if (!Array.isArray(accounts)) throw new TypeError("a reservation's accounts are a list");
      this.#held.set(requestId, { requestId, accounts: accounts.map(String), worst: Number(row["worst"]) });
    }
    this.#stored = new Set(this.#held.keys());
  }

  /** What would be granted; changes nothing. Lowers the output to what fits, down to the floor. */
  weigh(ask: Ask, now: number): Grant {
    // What costs nothing needs no room in a budget.
    const isFree = ask.worst.cost(ask.wantedTokens) === 0;
    const accounts: string[] = [];
    let outputTokens = ask.wantedTokens;
    let [closest, closestShare]: [Account | undefined, number] = [undefined, -1];
    for (const id of ask.accounts) {
      const account = this.look(id, now);
      if (account === undefined) continue;
      accounts.push(id);
      const { cap, spent, reserved } = account;
      if (cap === null || isFree) continue;
      const fits = Math.min(ask.wantedTokens, ask.worst.outputFor(cap - spent - reserved));
      if (fits < Math.min(ask.floorTokens, ask.wantedTokens)) return refuse(account, cap, ask);
      outputTokens = Math.min(outputTokens, fits);
      if (spent / cap > closestShare) [closest, closestShare] = [{ ...account }, spent / cap];
    }
    return { kind: "granted", accounts, outputTokens, microUsd: ask.worst.cost(outputTokens), closest };
  }

  /** Sets aside; answers how that is taken back. `at`: when, since a period may have ended. */
  hold(reservation: Reservation, at: number): () => void {
    for (const purse of this.#pursesOf(reservation)) {
      if (purse.resetsAt !== null && purse.period !== null && at >= purse.resetsAt) {
        purse.spent = 0;
        purse.resetsAt = periodEnd(purse.period, at);
      }
      purse.reserved += reservation.worst;
    }
    this.#held.set(reservation.requestId, reservation);
    return () => {
      this.#held.delete(reservation.requestId);
      for (const purse of this.#pursesOf(reservation)) purse.reserved -= reservation.worst;
    };
  }

  /**
   * Charges what was set aside; `microUsd` undefined charges all of it. A reservation is settled once; a second time it is not
   * there any more and costs nothing.
   */
  charge(requestId: string, microUsd: number | undefined): { readonly settled: Settled; readonly undo: () => void } {
    const reservation = this.#held.get(requestId);
    if (reservation === undefined) return { settled: { microUsd: 0, isOverrun: false }, undo: () => {} };
    const { worst } = reservation;
    const charged = microUsd ?? worst;
    this.#held.delete(requestId);
    for (const purse of this.#pursesOf(reservation)) {
      purse.reserved -= worst;
      purse.spent += charged;
    }
    const undo = (): void => {
      this.#held.set(requestId, reservation);
      for (const purse of this.#pursesOf(reservation)) {
        purse.reserved += worst;
        purse.spent -= charged;
      }
    };
    return { settled: { microUsd: charged, isOverrun: charged > worst }, undo };
  }

  /** The requests that are under way; after a start, those that were when the gateway died. */
  openReservations(): string[] {
    return [...this.#held.keys()];
  }

  /** The account as it stands now; a period that is over counts as begun anew. */
  look(id: string, now = this.#clock.now()): Account | undefined {
    const purse = this.#purses.get(id);
    if (purse === undefined || purse.resetsAt === null || purse.period === null) return purse;
    return now < purse.resetsAt ? purse : { ...purse, spent: 0, resetsAt: periodEnd(purse.period, now) };
  }

  /** What the operator set, once it is in the books. */
  adopt(id: string, terms: Partial<Pick<Account, "cap" | "period" | "resetsAt">>): void {
    const known = this.#purses.get(id);
    // One of this name may have been removed, and what it spent be on its way to the books still.
    if (known === undefined) this.#changed.add(id);
    const purse = known ?? { id, cap: null, spent: 0, reserved: 0, period: null, resetsAt: null };
    this.#purses.set(id, Object.assign(purse, terms));
  }

  forget(id: string): void {
    this.#purses.delete(id);
  }

  /** Something is not in any snapshot yet. */
  get isChanged(): boolean {
    return this.#changed.size > 0;
  }

  /** Everything since the last call. */
  snapshot(): Snapshot {
    const accounts = [...this.#changed].flatMap((id) => {
      const purse = this.#purses.get(id);
      return purse === undefined ? [] : [{ ...purse }];
    });
    this.#changed.clear();
    const opened = [...this.#held.values()].filter(({ requestId }) => !this.#stored.has(requestId));
    const closed = [...this.#stored.union(this.#unsure)].filter((requestId) => !this.#held.has(requestId));
    this.#unsure.clear();
    this.#stored = new Set(this.#held.keys());
    return { accounts, opened, closed };
  }

  /** The snapshot did not get into the books, or nobody knows whether it did: what it told of is in the next one. */
  takeBack({ accounts, opened, closed }: Snapshot): void {
    for (const { id } of accounts) this.#changed.add(id);
    const stored = new Set(this.#stored);
    for (const { requestId } of opened) {
      stored.delete(requestId);
      this.#unsure.add(requestId);
    }
    for (const requestId of closed) stored.add(requestId);
    this.#stored = stored;
  }

  #pursesOf({ accounts }: Reservation): Purse[] {
    return accounts.flatMap((id) => {
      this.#changed.add(id);
      return this.#purses.get(id) ?? [];
    });
  }
}

function refuse(account: Account, cap: number, ask: Ask): Grant {
  const least = ask.worst.cost(Math.min(ask.floorTokens, ask.wantedTokens));
  return cap - account.spent >= least ? { kind: "held", account: account.id } : { kind: "spent", account };
}

function readPurse(row: Record<string, unknown>): Purse {
  return {
    id: String(row["id"]),
    cap: orNull(row["cap"]),
    spent: Number(row["spent"]),
    reserved: Number(row["reserved"]),
    period: typeof row["period"] === "string" ? row["period"] : null,
    resetsAt: orNull(row["resets_at"]),
  };
}

function orNull(value: unknown): number | null {
  return value === null ? null : Number(value);
}
