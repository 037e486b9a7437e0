// The requests under way, by key, so that a revoked key ends its streams at once.
import { Refusal } from "./refusal.ts";

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
  readonly #byKey = new Map<string, Set<AbortController>>();
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

  countOf(keyId: string): number {
    return this.#byKey.get(keyId)?.size ?? 0;
  }

  begin(keyId: string): Underway {
    const ending = new AbortController();
    const all = this.#byKey.get(keyId) ?? new Set();
    this.#byKey.set(keyId, all.add(ending));
    this.#count += 1;
    this.#unanswered += 1;
    let isStreaming = false;
    const begun = (): void => {
      if (isStreaming || !all.has(ending)) return;
      isStreaming = true;
      this.#streaming += 1;
    };
    const answered = (): void => {
      if (!all.delete(ending)) return;
      this.#unanswered -= 1;
      if (isStreaming) this.#streaming -= 1;
      if (all.size === 0 && this.#byKey.get(keyId) === all) this.#byKey.delete(keyId);
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
    for (const all of this.#byKey.values()) for (const ending of all) ending.abort(reason);
  }

  end(keyId: string, why: string): void {
    for (const ending of this.#byKey.get(keyId) ?? []) ending.abort(new Refusal("authentication_error", why));
  }
}
