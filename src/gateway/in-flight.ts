// The requests under way, by who pays for them: a revoked key ends its streams at once, and each payer has so many at a time.
import { plainRefusal, type Refusal } from "./refusal.ts";

export type Underway = {
  /** Ends the exchange: a revoked key, a client that went away or does not read, the gateway's own end. */
  readonly ending: AbortController;
  /** The answer begins to stream. */
  begun(): void;
  /** The client has its answer: it may come with the next request, while this one is still being settled. */
  answered(): void;
  /** To be called once, when all is settled. */
  leave(): void;
};

export class InFlight {
  /** By the account of the key, and of each of its owners. */
  readonly #byPayer = new Map<string, Set<AbortController>>();
  #count = 0;
  #unanswered = 0;
  #streaming = 0;
  #whenIdle: (() => void) | undefined;

  get count(): number {
    return this.#count;
  }

  /** Those that wait for their answer, or for the rest of it. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Those whose answer has begun to stream. */
  get streaming(): number {
    return this.#streaming;
  }

  /** How many of a payer's requests wait for their answer. */
  countOf(payer: string): number {
    return this.#byPayer.get(payer)?.size ?? 0;
  }

  begin(payers: readonly { readonly id: string }[]): Underway {
    const ending = new AbortController();
    for (const { id } of payers) this.#enter(id, ending);
    this.#count += 1;
    this.#unanswered += 1;
    let isStreaming = false;
    let isAnswered = false;
    const begun = (): void => {
      if (isStreaming || isAnswered) return;
      isStreaming = true;
      this.#streaming += 1;
    };
    const answered = (): void => {
      if (isAnswered) return;
      isAnswered = true;
      this.#unanswered -= 1;
      if (isStreaming) this.#streaming -= 1;
      for (const { id } of payers) this.#leave(id, ending);
    };
    const leave = (): void => {
      answered();
      this.#count -= 1;
      if (this.#count === 0) this.#whenIdle?.();
    };
    return { ending, begun, answered, leave };
  }

  /** Resolves when nothing is under way any more: all is settled then. */
  async idle(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  endAll(reason: Refusal): void {
    for (const all of this.#byPayer.values()) for (const ending of all) ending.abort(reason);
  }

  end(payer: string, why: string): void {
    for (const ending of this.#byPayer.get(payer) ?? []) ending.abort(plainRefusal("authentication_error", why));
  }

  #enter(payer: string, ending: AbortController): void {
    const all = this.#byPayer.get(payer);
    if (all === undefined) this.#byPayer.set(payer, new Set([ending]));
    else all.add(ending);
  }

  #leave(payer: string, ending: AbortController): void {
    const all = this.#byPayer.get(payer);
    all?.delete(ending);
    if (all?.size === 0) this.#byPayer.delete(payer);
  }
}
