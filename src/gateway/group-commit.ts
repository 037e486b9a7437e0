// Writes that arrive together are written together and flushed once; whoever asked hears of it only after that.
import { Refusal } from "./refusal.ts";

export type Wish = {
  /** Whoever asked waits for the disk, not only for the write. */
  readonly isDurable: boolean;
  /** May wait for company. */
  readonly isPatient: boolean;
};

export const DURABLE: Wish = { isDurable: true, isPatient: false };
export const SOON: Wish = { isDurable: false, isPatient: true };
export const NOW: Wish = { isDurable: false, isPatient: false };

export type Work = Wish & {
  done(): void;
  failed(error: unknown): void;
};

export type Disk<W extends Work> = {
  /** Answers those that are written, and tells the others why not. */
  write(batch: readonly W[]): readonly W[];
  flush(): Promise<void>;
};

/** How long what is patient waits: a write costs as much as all that is in it. */
const SOON_MS = 5;

export class GroupCommit<W extends Work> {
  readonly #disk: Disk<W>;
  #queue: W[] = [];
  #soon: NodeJS.Timeout | undefined;
  #isWriting = false;
  #isBroken = false;

  constructor(disk: Disk<W>) {
    this.#disk = disk;
  }

  push(work: W): void {
    this.#queue.push(work);
    if (work.isPatient) this.#startSoon();
    else this.#start();
  }

  #startSoon(): void {
    this.#soon ??= setTimeout(() => this.#start(), SOON_MS);
  }

  #start(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    if (!this.#isWriting) void this.#write();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    // What else comes in this turn of the loop shares the flush.
    await new Promise((resolve) => setImmediate(resolve));
    do {
      const batch = this.#queue;
      this.#queue = [];
      await this.#writeBatch(batch);
    } while (this.#queue.some((work) => !work.isPatient));
    this.#isWriting = false;
    if (this.#queue.length > 0) this.#startSoon();
  }

  async #writeBatch(batch: readonly W[]): Promise<void> {
    if (this.#isBroken) return fail(batch);
    const kept = this.#disk.write(batch);
    try {
      if (kept.some((work) => work.isDurable)) await this.#disk.flush();
      for (const work of kept) work.done();
    } catch {
      // After a flush that failed nobody knows what the disk holds: no more until a restart has read it.
      this.#isBroken = true;
      fail(kept);
    }
  }
}

function fail(batch: readonly Work[]): void {
  for (const work of batch) work.failed(unwritable());
}

export function unwritable(): Refusal {
  return new Refusal("overloaded_error", "the gateway cannot write its books", { "retry-after": "5" });
}
