// For threads whose work nobody waits for: they leave the processor to the event loop, where streams are.
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

const NICENESS = 10;

/** Of the thread that calls it. Where the system does not know threads by number, nothing happens. */
export function stepBack(): void {
  try {
    setPriority(Number(readlinkSync("/proc/thread-self").split("/").at(-1)), NICENESS);
  } catch {
    // Then it runs as all others do.
  }
}
