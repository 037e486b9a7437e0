// Removes twins whose lab process is gone. Started beside every twin (reaper.ts); an operator may run it by hand.
import { setTimeout as sleep } from "node:timers/promises";
import { ProcessMark, isAlive } from "./process-mark.ts";
import { sweep } from "./slots.ts";

const OWNER_ENDS_MS = 10_000;
const PAUSE_MS = 20;

const owner = process.argv[2];
if (owner !== undefined) await waitFor(ProcessMark.parse(JSON.parse(owner)));
await sweep();

/** Its pipe to us is closed a moment before the kernel counts it as gone. */
async function waitFor(mark: ProcessMark): Promise<void> {
  for (let waited = 0; isAlive(mark) && waited < OWNER_ENDS_MS; waited += PAUSE_MS) await sleep(PAUSE_MS);
}
