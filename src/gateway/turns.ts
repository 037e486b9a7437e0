// One change after the other, each beginning with what the one before has left.

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when all before it are over, however they ended. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => {});
    return await mine;
  }
}
