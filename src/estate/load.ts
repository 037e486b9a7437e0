// Reads an estate from its folder: files, then the checks across files, then the Estate.
import type { Clock } from "../lib/ports.ts";
import { checks } from "./checks.ts";
import { enter } from "./enter.ts";
import type { Estate } from "./estate.ts";
import type { EstateFiles } from "./files.ts";
import { type Finding, toProblem } from "./finding.ts";
import type { EstateFolder } from "./folder.ts";
import { readFiles } from "./read-files.ts";
import type { ProfileName } from "./profile.ts";
import { resolve } from "./resolve.ts";

export type LoadOptions = {
  readonly signal: AbortSignal;
  /** Tells whether a waiver has run out; the system's own unless it is given. */
  readonly clock?: Clock;
  /** Looks at the estate as it would be under this profile; the one that estate.yaml names unless it is given. */
  readonly profile?: ProfileName;
};

const systemClock: Clock = { now: () => Date.now() };

/**
 * The estate in `dir`, its profile resolved and nothing of it opened that is secret.
 * Throws Problem `estate` that names the file, line and path of the first fault and lists the others.
 */
export async function loadEstate(dir: string, options: LoadOptions): Promise<Estate> {
  const folder = await enter(dir, options.signal);
  const files = await loadFiles(folder, options.clock ?? systemClock);
  const profile = options.profile ?? files.estate.value.profile;
  return resolve(files, { root: folder.root, profile, inputs: folder.inputs() });
}

/** The files of the estate once they have passed every check. */
async function loadFiles(folder: EstateFolder, clock: Clock): Promise<EstateFiles> {
  const { files, findings } = await readFiles(folder);
  if (files === undefined || findings.length > 0) throw problem(findings);
  const across = checks(files, new Date(clock.now()).toISOString().slice(0, 10));
  if (across.length > 0) throw problem(across);
  return files;
}

function problem(findings: readonly Finding[]): Error {
  const [first, ...others] = findings;
  return first === undefined ? new Error("no finding to report") : toProblem([first, ...others]);
}
