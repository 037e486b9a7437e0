// Reads a ledger line by line, judging nothing: what each line is, and where it stands.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { setImmediate } from "node:timers/promises";
import { digest } from "../lib/digest.ts";
import { decodeLine, type DecodedLine } from "./entry.ts";
import { listSegments, type Segment } from "./segment.ts";

/** Lines that are read without a look at what else there is to do: some milliseconds. */
const IN_ONE_GO = 256;

export type LedgerLine = DecodedLine & {
  /** `000000000001-2026-11-21.jsonl:12` */
  readonly where: string;
  readonly segment: Segment;
  readonly isFirst: boolean;
};

/** What stands behind the last newline of a segment; only the last one may have such, and only after a crash. */
export type TornEnd = { readonly kind: "torn"; readonly where: string; readonly bytes: number };

export async function* readLines(dir: string, signal?: AbortSignal): AsyncGenerator<LedgerLine | TornEnd> {
  for (const segment of listSegments(dir)) {
    const bytes = await readFile(segment.path, { signal });
    let number = 0;
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
      number += 1;
      const where = `${basename(segment.path)}:${number}`;
      yield { ...decodeBytes(bytes.subarray(start, end)), where, segment, isFirst: number === 1 };
      start = end + 1;
      // Who reads a ledger of some months may have streams to serve meanwhile.
      if (number % IN_ONE_GO === 0) await setImmediate();
    }
    const rest = bytes.length - start;
    if (rest > 0) yield { kind: "torn", where: `${basename(segment.path)}:${number + 1}`, bytes: rest };
  }
}

function decodeBytes(bytes: Buffer): DecodedLine {
  try {
    return decodeLine(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes), digest);
  } catch {
    return { kind: "fault", fault: "is not UTF-8" };
  }
}
