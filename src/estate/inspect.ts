// Everything that is wrong with an estate's files, and the files as they were parsed: what a linter starts from.
import type { Clock } from "../lib/ports.ts";
import { checks } from "./checks.ts";
import { enter } from "./enter.ts";
import type { EstateFiles } from "./files.ts";
import type { Finding } from "./finding.ts";
import { readFiles } from "./read-files.ts";

export type { EstateFiles, Parsed, ServiceFiles } from "./files.ts";
export type { Finding } from "./finding.ts";
export { nearest } from "./nearest.ts";

export type Inspection = {
  /** The estate's folder, absolute. */
  readonly root: string;
  readonly findings: readonly Finding[];
  /** A service whose files cannot be read is left out; undefined when one of the estate's own files cannot be. */
  readonly files: EstateFiles | undefined;
  /** YYYY-MM-DD: a waiver that ran out before it waives nothing. */
  readonly today: string;
  /** False when a file is so wrong that nothing was checked across files. */
  readonly isWhole: boolean;
};

/** Throws Problem `estate` only when the folder cannot be entered. */
export async function inspectEstate(
  dir: string,
  { signal, clock }: { readonly signal: AbortSignal; readonly clock: Clock },
): Promise<Inspection> {
  const folder = await enter(dir, signal);
  const { files, findings } = await readFiles(folder);
  const today = new Date(clock.now()).toISOString().slice(0, 10);
  const isWhole = files !== undefined && findings.length === 0;
  const found = isWhole ? checks(files, today) : findings;
  return { root: folder.root, findings: found, files, today, isWhole };
}
