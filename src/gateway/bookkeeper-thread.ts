// The bookkeeper in a thread of its own. This file is both sides: the gateway's, and (as the thread's program) the other, so
// that whoever follows imports (the image's builder) finds it. It starts with the first round and may die: the next round
// starts it anew, and what it had not answered for is done again.
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { stepBack } from "./background.ts";
import { Bookkeeper, type Report, type Round } from "./bookkeeper.ts";

/** The thread holds one round at a time and nothing else. */
const LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };

type Order = { readonly kind: "run"; readonly round: Round } | { readonly kind: "close"; readonly carried: number };

type Answer = { readonly report?: Report; readonly fault?: string };

export class BookkeeperThread {
  readonly #state: string;
  #worker: Worker | undefined;
  #waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void } | undefined;

  constructor(state: string) {
    this.#state = state;
  }

  /** One at a time. Throws when the thread ended or could not read the books. */
  async run(round: Round): Promise<Report> {
    const { report, fault } = await this.#order({ kind: "run", round });
    if (report === undefined) throw new Error(fault ?? "the bookkeeper did not answer");
    return report;
  }

  async close(carried: number): Promise<void> {
    if (this.#worker !== undefined) await this.#order({ kind: "close", carried });
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  async #order(order: Order): Promise<Answer> {
    const worker = (this.#worker ??= this.#start());
    return await new Promise<Answer>((resolve, reject) => {
      this.#waiting = { resolve, reject };
      // Awaited work keeps the process alive, an idle thread does not.
      worker.ref();
      worker.postMessage(order, []);
    });
  }

  #start(): Worker {
    const worker = new Worker(import.meta.filename, { resourceLimits: LIMITS, workerData: this.#state });
    const settled = () => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      worker.unref();
      return waiting;
    };
    worker.on("message", (answer: Answer) => settled()?.resolve(answer));
    // Told twice of one end: the second time its successor may be at work.
    const lost = (): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      settled()?.reject(new Error("the bookkeeper's thread ended"));
    };
    worker.on("error", lost).on("exit", lost);
    worker.unref();
    return worker;
  }
}

function serve(state: string): void {
  let bookkeeper: Bookkeeper | undefined;
  parentPort?.on("message", (order: Order) => parentPort?.postMessage(answerTo(order), []));

  function answerTo(order: Order): Answer {
    try {
      bookkeeper ??= new Bookkeeper(state);
      if (order.kind === "run") return { report: bookkeeper.run(order.round) };
      bookkeeper.close(order.carried);
      return {};
    } catch (error) {
      return { fault: error instanceof Error ? error.message : String(error) };
    }
  }
}

if (!isMainThread && typeof workerData === "string") {
  stepBack();
  serve(workerData);
}
