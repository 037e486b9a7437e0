// A folder of a cache that is there as a whole or not at all: two runs of the tests may set up the same one at a time.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";

/** Fills a folder beside it, then puts it into place, unless somebody else was first. What `fill` throws leaves nothing. */
export function makeWhole(folder: string, isThere: () => boolean, fill: (into: string) => void): void {
  mkdirSync(dirname(folder), { recursive: true });
  const filling = mkdtempSync(`${folder}.filling-`);
  try {
    fill(filling);
    if (isThere()) return;
    // What an older version left half done.
    if (existsSync(folder)) rmSync(folder, { recursive: true });
    renameSync(filling, folder);
  } catch (error) {
    if (!isThere()) throw error;
  } finally {
    rmSync(filling, { recursive: true, force: true });
  }
}
