// Sets up the accounts that budgets are kept in. What was spent and reserved is the budgets' own.
import type { StatementSync } from "node:sqlite";
import type { Clock } from "../lib/ports.ts";
import type { Books } from "./books.ts";
import { periodEnd } from "./period.ts";
import type { Allowance } from "./terms.ts";

export class Accounts {
  readonly #clock: Clock;
  readonly #open: StatementSync;
  readonly #cap: StatementSync;
  readonly #period: StatementSync;
  readonly #remove: StatementSync;

  constructor(effects: { readonly books: Books; readonly clock: Clock }) {
    const { db } = effects.books;
    this.#clock = effects.clock;
    this.#open = db.prepare("INSERT INTO account (id) VALUES (?) ON CONFLICT DO NOTHING");
    this.#cap = db.prepare("UPDATE account SET cap = ? WHERE id = ?");
    this.#period = db.prepare("UPDATE account SET period = ?, resets_at = ? WHERE id = ?");
    this.#remove = db.prepare("DELETE FROM account WHERE id = ? AND reserved = 0");
  }

  /** Inside a transaction. Opens the account when there is none; what is left out stays as it is. */
  set(id: string, { cap, period }: Partial<Allowance>): void {
    this.#open.run(id);
    if (cap !== undefined) this.#cap.run(cap, id);
    if (period !== undefined)
      this.#period.run(period, period === null ? null : periodEnd(period, this.#clock.now()), id);
  }

  /** Inside a transaction. An account that still has money reserved stays. */
  remove(id: string): void {
    this.#remove.run(id);
  }
}
