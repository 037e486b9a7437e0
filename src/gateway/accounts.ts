// Sets up the accounts that budgets are kept in. What was spent and reserved is the budgets' own.
import type { StatementSync } from "node:sqlite";
import type { Clock } from "../lib/ports.ts";
import type { Books } from "./books.ts";
import type { Budgets } from "./budgets.ts";
import { periodEnd } from "./period.ts";
import type { Allowance } from "./terms.ts";

export type AccountEffects = { readonly books: Books; readonly budgets: Budgets; readonly clock: Clock };

export class Accounts {
  readonly #effects: AccountEffects;
  readonly #open: StatementSync;
  readonly #cap: StatementSync;
  readonly #period: StatementSync;
  readonly #remove: StatementSync;

  constructor(effects: AccountEffects) {
    const { db } = effects.books;
    this.#effects = effects;
    this.#open = db.prepare("INSERT INTO account (id) VALUES (?) ON CONFLICT DO NOTHING");
    this.#cap = db.prepare("UPDATE account SET cap = ? WHERE id = ?");
    this.#period = db.prepare("UPDATE account SET period = ?, resets_at = ? WHERE id = ?");
    this.#remove = db.prepare("DELETE FROM account WHERE id = ?");
  }

  /** Inside a transaction. Opens the account when there is none; what is left out stays as it is. */
  set(id: string, { cap, period }: Partial<Allowance>): void {
    const { books, budgets, clock } = this.#effects;
    this.#open.run(id);
    if (cap !== undefined) this.#cap.run(cap, id);
    const resetsAt = typeof period === "string" ? periodEnd(period, clock.now()) : null;
    if (period !== undefined) this.#period.run(period, resetsAt, id);
    books.afterwards(() =>
      budgets.adopt(id, {
        ...(cap === undefined ? {} : { cap }),
        ...(period === undefined ? {} : { period, resetsAt }),
      }),
    );
  }

  /** Inside a transaction. An account that still has money reserved stays. */
  remove(id: string): void {
    const { books, budgets } = this.#effects;
    if (budgets.look(id)?.reserved !== 0) return;
    this.#remove.run(id);
    books.afterwards(() => budgets.forget(id));
  }
}
