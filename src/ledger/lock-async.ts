// The lock for a process that has other things to do meanwhile. Apart from lock.ts, whose start must cost nothing.
import { setTimeout as sleep } from "node:timers/promises";
import { nowMs, pauseMs, timedOut, tryLock, type Lock } from "./lock.ts";

/** Takes the lock without blocking the event loop. Throws Problem when `waitMs` is over, the reason when aborted. */
export async function lock(dir: string, waitMs: number, signal?: AbortSignal): Promise<Lock> {
  const until = nowMs() + waitMs;
  for (;;) {
    signal?.throwIfAborted();
    const taken = tryLock(dir);
    if (taken !== undefined) return taken;
    if (nowMs() >= until) throw timedOut(dir, waitMs);
    await sleep(pauseMs(), undefined, signal === undefined ? {} : { signal });
  }
}
