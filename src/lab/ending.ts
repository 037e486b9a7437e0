// What must be undone, in the opposite order of its making; one step that fails does not keep the others from happening.

type Step = () => Promise<unknown> | void;

export class Ending {
  readonly #steps: Step[] = [];
  #running: Promise<void> | undefined;

  /** Registers a step that runs before all that are registered already. */
  before(step: Step): void {
    this.#steps.push(step);
  }

  /** Undoes everything, once; throws the first failure when all is done. */
  end(): Promise<void> {
    return (this.#running ??= this.#undo());
  }

  async #undo(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
