// demesne secrets scan: tree and history; also by value where the estate's file opens here.
import { writeFile } from "node:fs/promises";
import { loadIdentities, openSecrets } from "../secrets/index.ts";
import type { SecretTree } from "../secrets/index.ts";
import { parseBaseline, sarif, scanForSecrets } from "../secrets/scan/index.ts";
import type { Scanned, SecretFinding } from "../secrets/scan/index.ts";
import { Problem } from "../lib/problem.ts";
import { Sensitive } from "../lib/sensitive.ts";
import type { Context } from "./command.ts";
import type { ExitName } from "./exit.ts";
import { renderScan } from "./render/secret-findings.ts";
import { readFileText } from "./secret-input.ts";
import { version } from "./version.ts";

export type ScanOptions = {
  readonly baseline?: string | undefined;
  readonly tree?: boolean | undefined;
  readonly sarif?: string | undefined;
  readonly json?: boolean | undefined;
};

/** Scans the repository of the folder it runs in; `unhealthy` when something is found. */
export async function scanRepository(context: Context, options: ScanOptions, file: string): Promise<ExitName> {
  const scan = { folder: ".", isHistoryIncluded: options.tree !== true, baseline: options.baseline };
  const { scanned, known } = await scanFolder(scan, file, context.signal);
  const { findings, waived } = scanned;
  if (options.sarif !== undefined) await writeSarif(options.sarif, [...findings, ...waived]);
  context.out(options.json === true ? `${JSON.stringify({ format: 1, ...scanned })}\n` : renderScan(scanned, known));
  return findings.length === 0 ? "done" : "unhealthy";
}

export type FolderScan = {
  readonly folder: string;
  readonly isHistoryIncluded: boolean;
  readonly isPlainFolder?: boolean;
  /** File of findings that were looked at. */
  readonly baseline?: string | undefined;
};

/** `known`: for how many values of the secrets file it looked too; undefined when the file does not open here. */
export async function scanFolder(
  scan: FolderScan,
  file: string,
  signal: AbortSignal,
): Promise<{ readonly scanned: Scanned; readonly known: number | undefined }> {
  const values = await knownValues(file, signal);
  const baseline =
    scan.baseline === undefined ? undefined : parseBaseline(await readFileText(scan.baseline), scan.baseline);
  const scanned = await scanForSecrets({ now: () => Date.now() }, { ...scan, values, baseline, signal });
  return { scanned, known: values?.length };
}

export async function writeSarif(path: string, findings: readonly SecretFinding[]): Promise<void> {
  await writeFile(path, `${JSON.stringify(sarif(findings, version()), null, 2)}\n`);
}

/** Every value of the estate's file; undefined when there is no file, or no identity here opens it. */
async function knownValues(file: string, signal: AbortSignal): Promise<readonly Sensitive[] | undefined> {
  try {
    const identities = await loadIdentities(process.env, signal);
    if (identities.length === 0) return undefined;
    return valuesOf((await openSecrets({ path: file, text: await readFileText(file) }, identities)).tree);
  } catch (problem) {
    if (problem instanceof Problem) return undefined;
    throw problem;
  }
}

function valuesOf(tree: SecretTree): Sensitive[] {
  if (tree === null) return [];
  return tree instanceof Sensitive ? [tree] : Object.values(tree).flatMap(valuesOf);
}
