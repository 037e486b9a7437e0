// What `demesne test` tells: every finding with its file and line, and how far it looked.
import { LineCounter, isMap, isScalar, isSeq, parseDocument, type Node } from "yaml";
import type { Finding } from "../secrets/desk/index.ts";
import type { SecretFinding } from "../secrets/scan/index.ts";

/** Paths are relative to the estate's folder; a commit's are relative to the repository. */
export type Placed = {
  readonly severity: "error" | "warning";
  readonly file: string;
  readonly line: number;
  /** The commit that added it; absent in the working tree. */
  readonly commit?: string;
  readonly what: string;
  readonly fix: string;
};

export type GuardTested = { readonly cases: number; readonly sampled: number; readonly findings: readonly Placed[] };

export type Tested = {
  readonly format: 1;
  readonly findings: readonly Placed[];
  /** How many services were held to their invariants. */
  readonly services: number;
  /** How many calls the guard judged, and how many of them as installed; null where none is installed. */
  readonly guard: { readonly cases: number; readonly sampled: number } | null;
  /** Without a repository there is no history that could have been scanned. */
  readonly isRepository: boolean;
  readonly isSecretsFileThere: boolean;
  readonly files: number;
  readonly commits: number;
  readonly bytes: number;
  /** Files that were too large to be scanned. */
  readonly leftOut: readonly string[];
  readonly waived: number;
  /** For how many values of the secrets file it looked too; null when no identity opens it here. */
  readonly knownValues: number | null;
};

export function placedScan({ path, line, commit, what, fingerprint }: SecretFinding): Placed {
  const fix = `replace it at its source; if it is none, waive ${fingerprint}`;
  return { severity: "error", file: path, line, ...(commit === undefined ? {} : { commit }), what, fix };
}

export type SecretsText = {
  /** As the finding names it. */
  readonly path: string;
  readonly text: string;
  /** As it is told. */
  readonly shown: string;
};

/** A finding about the secrets file at its line; it names a value as `path a/b`, and may be about another file beside it. */
export function placed({ severity, where, what, fix }: Finding, { path, text, shown }: SecretsText): Placed {
  const isInside = where.startsWith(`${path} `);
  const name = isInside ? where.slice(path.length + 1) : where;
  const line = isInside ? lineOf(text, name.split("/")) : 1;
  return { severity, file: shown, line, what: where === path ? what : `${name}: ${what}`, fix };
}

/** The line of a key; of the nearest one above it, where it stands in a list or holds a slash. */
function lineOf(text: string, path: readonly string[]): number {
  const lines = new LineCounter();
  let node: Node | null = parseDocument(text, { lineCounter: lines }).contents;
  let at = 0;
  for (const step of path) {
    // Names do not count positions in a list: its first item that has the name is near enough.
    const items: unknown[] = isSeq(node) ? node.items : [node];
    const pairs = items.flatMap((item) => (isMap(item) ? item.items : []));
    const pair = pairs.find(({ key }) => isScalar(key) && String(key.value) === step);
    if (pair === undefined || !isScalar(pair.key)) break;
    at = pair.key.range?.[0] ?? at;
    node = isMap(pair.value) || isSeq(pair.value) ? pair.value : null;
  }
  return lines.linePos(at).line;
}
