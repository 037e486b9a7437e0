// Once a day: a checkpoint of the audit, and whatever is older than the retention goes. The checkpoint at which it was cut
// stays, so that what is left can still be verified against it and all later ones.
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../lib/ports.ts";
import { Problem } from "../lib/problem.ts";
import type { Ledger } from "../ledger/index.ts";
import type { Log } from "./log.ts";
import type { SpendLog } from "./spend-log.ts";

const DAY_MS = 86_400_000;

export type RetentionEffects = {
  readonly ledger: Ledger;
  readonly spendLog: SpendLog;
  readonly clock: Clock;
  readonly log: Log;
};

/** Runs now and then once a day, until the function that it answers with is called, which waits for a run under way. */
export function keepRetention(effects: RetentionEffects, state: string, auditDays: number): () => Promise<void> {
  let running = retain(effects, state, auditDays);
  const timer = setInterval(() => {
    running = running.then(async () => await retain(effects, state, auditDays));
  }, DAY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}

/** A ledger that is not sound is told of and left as it is: nothing is removed from it. */
export async function retain(effects: RetentionEffects, state: string, auditDays: number): Promise<void> {
  const { ledger, spendLog, clock, log } = effects;
  const folder = join(state, "checkpoints");
  try {
    await spendLog.prune(clock.now());
    // Before the first record there is no ledger.
    if (!existsSync(ledger.dir)) return;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const today = dayOf(clock.now());
    if (!(await readdir(folder)).includes(`${today}.txt`)) {
      await writeFile(join(folder, `${today}.txt`), await ledger.checkpoint("demesne/gateway"), { mode: 0o600 });
    }
    const last = dayOf(clock.now() - auditDays * DAY_MS);
    const ended = (await readdir(folder)).filter((name) => name.slice(0, 10) <= last);
    const [old, ...older] = ended.sort().toReversed();
    if (old !== undefined) await ledger.prune(await readFile(join(folder, old), "utf8"));
    // They speak of entries that are gone, so nothing can be compared with them any more.
    for (const name of older) await rm(join(folder, name));
  } catch (error) {
    if (!(error instanceof Problem) && !(error instanceof Error && "code" in error)) throw error;
    log({ event: "retention-failed", what: error instanceof Problem ? error.what : "the disk refuses" });
  }
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
