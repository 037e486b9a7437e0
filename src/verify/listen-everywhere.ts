// A live listener behind every port of a disposable host, for as long as the work takes.
import { randomBytes } from "node:crypto";
import { endListeners, listen, type ListenJob, type Listening, type Target } from "./programs.ts";
import type { Ranges } from "./ranges.ts";
import type { RunProgram } from "./vantage.ts";

export type Listeners = {
  readonly run: RunProgram;
  readonly targets: readonly Target[];
  readonly tcp: Ranges;
  readonly udp: Ranges;
  /** Only on a host that is thrown away. */
  readonly forgetFinished?: boolean;
  readonly signal?: AbortSignal | undefined;
};

/** They end by themselves then, should we not be there to end them. */
const DEADLINE_S = 300;

/**
 * Starts the listeners, does `work`, ends the listeners whatever came of it.
 * `lasted` is false where a listener had ended before: what it stood behind was then not proven.
 */
export async function whileListening<T>(
  { run, targets, tcp, udp, forgetFinished = false, signal }: Listeners,
  work: (listening: Listening) => Promise<T>,
): Promise<{ readonly value: T; readonly lasted: boolean }> {
  const name = `demesne-verify-${randomBytes(8).toString("hex")}`;
  const job: ListenJob = { name, targets, tcp, udp, deadlineS: DEADLINE_S, forgetFinished };
  const listening = await listen(run, job, signal).catch(async (error: unknown) => {
    // Broken off half-way: those that had begun are known by their names.
    await endListeners(run, workersOf(name)).catch(() => undefined);
    throw error;
  });
  let ended: boolean[] = [];
  const end = async () => {
    ended = await endListeners(run, listening.workers);
  };
  const value = await work(listening).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  await end();
  return { value, lasted: ended.every(Boolean) };
}

function workersOf(name: string): string[] {
  return Array.from({ length: 16 }, (_, index) => `${name}-${index}`);
}
