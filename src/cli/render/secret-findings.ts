// Findings about secrets as text. No secret and no part of one is in them.
import type { Finding } from "../../secrets/desk/index.ts";
import type { Scanned } from "../../secrets/scan/index.ts";

export function renderFindings(findings: readonly Finding[], file: string): string {
  if (findings.length === 0) return `${file}: nothing to find fault with\n`;
  return findings.map(({ severity, where, what, fix }) => `${severity}: ${where}: ${what}\n  fix: ${fix}\n`).join("");
}

export function renderScan(scanned: Scanned, known: number | undefined): string {
  const { findings, waived, leftOut, files, commits, bytes } = scanned;
  const lines = findings.map(({ path, line, commit, what, fingerprint }) => {
    const place = commit === undefined ? `${path}:${line}` : `${path}:${line} in commit ${commit.slice(0, 12)}`;
    return `${place}: ${what}\n  fix: replace it at its source; if it is none, waive ${fingerprint}`;
  });
  const size = (bytes / 1e6).toFixed(1);
  return [
    ...lines,
    ...leftOut.map((path) => `${path}: not scanned, it is larger than 16 MiB`),
    `${findings.length} found, ${waived.length} waived; ${files} files and ${commits} commits, ${size} MB`,
    known === undefined
      ? "not searched for the values of the secrets file: no identity opens it here"
      : `searched for ${known} known values too`,
    "",
  ].join("\n");
}
