// The modes of an estate's files: scripts run, nothing else does, private keys are their owner's, nobody else writes.
import { inFile, type LintFinding } from "./finding.ts";
import { shellOf } from "./script-rules.ts";
import type { EstateEntry } from "./walk.ts";

export function checkModes(entries: readonly EstateEntry[]): readonly LintFinding[] {
  return entries.flatMap((entry) => [...checkExecutable(entry), ...checkPrivate(entry), ...checkWorld(entry)]);
}

/** A library without a first line `#!` is read by others, not run. */
function checkExecutable(entry: EstateEntry): readonly LintFinding[] {
  const { path, isFolder, mode, text } = entry;
  if (isFolder || text === undefined) return [];
  const isExecutable = (mode & 0o111) !== 0;
  const runs = text.startsWith("#!");
  if (runs && !isExecutable && shellOf(entry) !== undefined) {
    const told = { what: `should be executable, is ${octal(mode)}`, fix: `chmod +x ${path}` };
    return [inFile("executable", [path, 1], told)];
  }
  if (runs || !isExecutable) return [];
  const told = {
    what: `should not be executable, is ${octal(mode)}: it has no first line #!`,
    fix: `chmod a-x ${path}`,
  };
  return [inFile("executable", [path, 1], told)];
}

const PRIVATE = /^(?:-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----|AGE-SECRET-KEY-(?:1|PQ-1)[0-9A-Z]+)/m;

function checkPrivate({ path, mode, text }: EstateEntry): readonly LintFinding[] {
  if ((mode & 0o077) === 0 || text === undefined || !PRIVATE.test(text)) return [];
  const line = text.slice(0, PRIVATE.exec(text)?.index).split("\n").length;
  const what = `should be readable for its owner alone, is ${octal(mode)}: it holds a private key`;
  return [
    inFile("private-file", [path, line], { what, fix: `chmod 600 ${path}, or better keep it outside of the estate` }),
  ];
}

function checkWorld({ path, mode }: EstateEntry): readonly LintFinding[] {
  if ((mode & 0o002) === 0) return [];
  const told = { what: `should not be writable for everybody, is ${octal(mode)}`, fix: `chmod o-w ${path}` };
  return [inFile("world-writable", [path, 1], told)];
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
