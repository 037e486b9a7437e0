// Writes that arrive together are written together and flushed once; whoever asked hears of it only after that.
import { plainRefusal, type Refusal } from "./refusal.ts";

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
  /** Brings all that was written so far to the disk. */
  flush(): Promise<void>;
  /** How many flushes may run at a time; one where nothing is said. */
  readonly mostFlushes?: number;
  /** The same, holding up everything. */
  flushSync?(): void;
  /** Nobody else is under way who could be held up. */
  isQuiet?(): boolean;
};

/** How long what is patient waits: a write costs as much as all that is in it. */
const SOON_MS = 5;

/** A disk that takes longer is not waited for before the next flush is asked for: each takes what was written meanwhile. */
const SLOW_MS = 1;

export class GroupCommit<W extends Work> {
  readonly #disk: Disk<W>;
  #queue: W[] = [];
  #soon: NodeJS.Timeout | undefined;
  #isWriting = false;
  #isBroken = false;
  /** Flushes that run, in the order in which they were asked for; none counts before those ahead of it. */
  #flushes: Promise<void>[] = [];

  constructor(disk: Disk<W>) {
    this.#disk = disk;
  }

  /** A flush has failed: nothing more is written. */
  get isBroken(): boolean {
    return this.#isBroken;
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
    if (this.#isWriting) return;
    if (this.#mayHoldUp()) this.#writeAtOnce();
    else void this.#write();
  }

  /** Alone, a flush through the thread pool costs more in waking threads than the disk takes. */
  #mayHoldUp(): boolean {
    return this.#flushes.length === 0 && this.#disk.flushSync !== undefined && this.#disk.isQuiet?.() === true;
  }

  #writeAtOnce(): void {
    const kept = this.#writeQueue();
    try {
      if (kept.some((work) => work.isDurable)) this.#disk.flushSync?.();
      for (const work of kept) work.done();
    } catch {
      this.#break(kept);
    }
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    // What else comes in this turn of the loop shares the flush.
    await new Promise((resolve) => setImmediate(resolve));
    do {
      const kept = this.#writeQueue();
      if (kept.some((work) => work.isDurable)) await this.#startFlush(kept);
      else for (const work of kept) work.done();
    } while (this.#queue.some((work) => !work.isPatient));
    this.#isWriting = false;
    if (this.#queue.length > 0) this.#startSoon();
  }

  #writeQueue(): readonly W[] {
    const batch = this.#queue;
    this.#queue = [];
    if (!this.#isBroken) return this.#disk.write(batch);
    fail(batch);
    return [];
  }

  /** Resolves when the next one may be asked for: this one is over, or it takes long and few are under way. */
  async #startFlush(kept: readonly W[]): Promise<void> {
    const ahead = this.#flushes.at(-1);
    const flush = this.#finish(kept, this.#disk.flush(), ahead);
    this.#flushes.push(flush);
    void flush.then(() => this.#flushes.shift());
    if (this.#flushes.length >= (this.#disk.mostFlushes ?? 1)) await this.#flushes[0];
    else await orSlow(flush);
  }

  /** Never rejects. */
  async #finish(kept: readonly W[], flush: Promise<void>, ahead: Promise<void> | undefined): Promise<void> {
    try {
      await Promise.all([flush, ahead]);
      if (this.#isBroken) fail(kept);
      else for (const work of kept) work.done();
    } catch {
      this.#break(kept);
    }
  }

  /** After a flush that failed nobody knows what the disk holds: no more until a restart has read it. */
  #break(kept: readonly W[]): void {
    this.#isBroken = true;
    fail(kept);
  }
}

async function orSlow(flush: Promise<void>): Promise<void> {
  const slow = Promise.withResolvers<void>();
  const timer = setTimeout(slow.resolve, SLOW_MS);
  await Promise.race([flush, slow.promise]);
  clearTimeout(timer);
}

function fail(batch: readonly Work[]): void {
  for (const work of batch) work.failed(unwritable());
}

export function unwritable(): Refusal {
  return plainRefusal("overloaded_error", "the gateway cannot write its books", { "retry-after": "5" });
}
