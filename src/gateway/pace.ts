// Streams go first: to parse, check and print a body of 1 MB takes the event loop 3 ms, and what that leaves behind is
// collected in pauses of 10. So while answers are streaming, large bodies are taken up at a steady pace, as a bucket that
// fills evenly: far above what a provider takes, far below what the loop could do.
import { setTimeout as sleep } from "node:timers/promises";

/** Bodies from this size on are meant. */
const LARGE_BYTES = 256 * 1024;

const BYTES_PER_MS = 16_000;

/** So much may come at once. */
const BURST_BYTES = 8 * 1024 * 1024;

export class Pace {
  readonly #isStreaming: () => boolean;
  /** When all that was taken up so far is paid for, in milliseconds of the monotonic clock. */
  #paidAt = 0;

  constructor(isStreaming: () => boolean) {
    this.#isStreaming = isStreaming;
  }

  /** Resolves when a body of this size may be taken up; undefined is at once. Throws the signal's reason. */
  turn(sizeBytes: number, signal: AbortSignal): Promise<void> | undefined {
    return sizeBytes < LARGE_BYTES || !this.#isStreaming() ? undefined : this.#queue(sizeBytes, signal);
  }

  async #queue(sizeBytes: number, signal: AbortSignal): Promise<void> {
    const now = performance.now();
    this.#paidAt = Math.max(now, this.#paidAt) + sizeBytes / BYTES_PER_MS;
    const waitMs = this.#paidAt - now - BURST_BYTES / BYTES_PER_MS;
    if (waitMs <= 0) return;
    await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
