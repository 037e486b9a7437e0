// A ledger read from its end, for whoever has to know what it wrote last.
import { existsSync, readFileSync } from "node:fs";
import { digest } from "../lib/digest.ts";
import { decodeLine, type LedgerEntry } from "./entry.ts";
import { listSegments } from "./segment.ts";
import { unsound } from "./unsound.ts";

/** The last entry first; what a crash tore off is passed over. Throws Problem `ledger` at a damaged line. */
export function* lastEntries(dir: string): Generator<LedgerEntry> {
  if (!existsSync(dir)) return;
  for (const { path } of listSegments(dir).toReversed()) {
    const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
    for (let index = lines.length - 1; index >= 0; index -= 1) {
      const decoded = decodeLine(lines[index] ?? "", digest);
      if (decoded.kind === "fault") throw unsound(dir, [{ where: `${path}:${index + 1}`, what: decoded.fault }]);
      yield decoded.entry;
    }
  }
}
