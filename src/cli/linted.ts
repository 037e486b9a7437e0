// Lint with all that the other rooms know: the roles' controls, what they want of each host, the guard's own files.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { inspectEstate, type Inspection } from "../estate/inspect.ts";
import { type Known, lint, type Linted } from "../lint/index.ts";
import { controls } from "../roles/controls.ts";

/** Throws Problem `estate` when the folder cannot be entered. */
export async function lintEstate(dir: string, signal: AbortSignal): Promise<Linted> {
  const inspection = await inspectEstate(dir, { signal, clock: { now: () => Date.now() } });
  const isSound = inspection.isWhole && inspection.findings.length === 0;
  const isAsked = isSound && adopts(inspection);
  const wanted = isAsked ? await wantedOf(inspection.root, signal) : new Map<string, ReadonlySet<string>>();
  return await lint(
    inspection,
    { controls: controls(), wanted, generated: await generatedFaults(inspection.root) },
    signal,
  );
}

function adopts({ files }: Inspection): boolean {
  return Object.values(files?.hosts.value.hosts ?? {}).some(({ adopt }) => adopt.length > 0);
}

/** The refs of all resources of each host. Contents are no part of a ref, so nothing is opened or read. */
async function wantedOf(root: string, signal: AbortSignal): Promise<Known["wanted"]> {
  const { loadEstate } = await import("../estate/load.ts");
  const { resourcesOf } = await import("../roles/index.ts");
  const estate = await loadEstate(root, { signal });
  return new Map(
    estate.hosts.map((host) => {
      const resources = resourcesOf({ estate, host, skipped: new Map(), secretDigest: () => "", deadmanProgram: "-" });
      return [host.id, new Set<string>(resources.map(({ ref }) => ref))];
    }),
  );
}

// Rooms are loaded where there is something of theirs to look at: lint is to start fast.
const staleSchemas = async (root: string) => await (await import("../init/index.ts")).staleSchemas(root);
const inspectGuard = async (root: string) => await (await import("../guard/index.ts")).inspectGuard(root, "");

/** What Demesne wrote into the estate and somebody, or an older version, has written otherwise. */
async function generatedFaults(root: string): Promise<Known["generated"]> {
  const what = "is not what this Demesne writes";
  const fix = "demesne init writes the schemas of this version: run it again in this folder";
  const stale = existsSync(join(root, ".demesne/schema")) ? await staleSchemas(root) : [];
  return [...stale.map((where) => ({ where, what, fix })), ...(await guardFaults(root))];
}

/** The hook and its settings, where there is a guard; whether the client here is new enough is for `guard status`. */
async function guardFaults(root: string): Promise<Known["generated"]> {
  if (!existsSync(join(root, ".claude/hooks/guard.cjs"))) return [];
  const faults = await inspectGuard(root);
  return faults.filter(({ where }) => where.startsWith(".claude/"));
}
