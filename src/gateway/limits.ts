// Requests and tokens a minute, and requests at the same time. Buckets that fill evenly: no burst at a minute's edge.
import type { Clock } from "../lib/ports.ts";
import { plainRefusal, type Refusal } from "./refusal.ts";
import type { Terms } from "./terms.ts";

/** Who is limited: the id of a key, a user or a team, with its terms. */
export type Limited = { readonly id: string; readonly terms: Terms; readonly running: number };

type Bucket = { level: number; at: number };

const MINUTE_MS = 60_000;

/** Buckets that were not touched for so long are full again, and forgotten. */
const MAX_BUCKETS = 10_000;

export class Limits {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes from all or from none. Throws Refusal (429) with the time to wait. */
  admit(all: readonly Limited[], tokens: number): void {
    for (const { id, terms, running } of all) {
      if (terms.parallel !== null && running >= terms.parallel) {
        throw limited(`${nameOf(id)} has ${terms.parallel} requests under way, which is its limit`, 1);
      }
      this.#check(`${id} requests`, terms.rpm, 1, `${nameOf(id)} may make ${terms.rpm ?? 0} requests a minute`);
      // What a minute holds is admitted in one piece, whatever it turns out to need.
      const wanted = Math.min(tokens, terms.tpm ?? tokens);
      this.#check(`${id} tokens`, terms.tpm, wanted, `${nameOf(id)} may use ${terms.tpm ?? 0} tokens a minute`);
    }
    for (const { id, terms } of all) {
      this.#take(`${id} requests`, terms.rpm, 1);
      this.#take(`${id} tokens`, terms.tpm, tokens);
    }
    if (this.#buckets.size > MAX_BUCKETS) this.#forget();
  }

  /** Corrects what was admitted by a guess; a bucket may go below empty and then takes longer to fill. */
  correct(all: readonly Limited[], tokens: number): void {
    for (const { id, terms } of all) this.#take(`${id} tokens`, terms.tpm, tokens);
  }

  #check(name: string, perMinute: number | null, amount: number, what: string): void {
    if (perMinute === null) return;
    const missing = amount - this.#level(name, perMinute);
    if (missing > 0) throw limited(what, Math.ceil((missing * MINUTE_MS) / perMinute / 1000));
  }

  #take(name: string, perMinute: number | null, amount: number): void {
    if (perMinute === null) return;
    const level = Math.min(perMinute, this.#level(name, perMinute) - amount);
    this.#buckets.set(name, { level, at: this.#clock.now() });
  }

  #level(name: string, perMinute: number): number {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) return perMinute;
    // A clock set back fills nothing.
    const passed = Math.max(0, this.#clock.now() - bucket.at);
    return Math.min(perMinute, bucket.level + (passed * perMinute) / MINUTE_MS);
  }

  #forget(): void {
    const now = this.#clock.now();
    for (const [name, bucket] of this.#buckets) if (now - bucket.at > 10 * MINUTE_MS) this.#buckets.delete(name);
  }
}

function nameOf(id: string): string {
  return `this ${id.split(":")[0] ?? "key"}`;
}

function limited(what: string, waitSeconds: number): Refusal {
  return plainRefusal("rate_limit_error", what, { "retry-after": String(Math.max(1, waitSeconds)) });
}
