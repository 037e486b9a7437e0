// Programs that copy, move, remove and change files.
import { join } from "node:path";
import { argsOf, hasAny, hasLong, programOf, readOptions, type Call } from "./call.ts";
import { judgeChange, judgeCopy, judgeRead, judgeRemoval, judgeWrite } from "./files.ts";
import { ANY, ANY_ONE, UNKNOWN } from "./field.ts";
import { report, type Scope } from "./scope.ts";
import type { Rule, Rules } from "./rule.ts";

const remove: Rule = (call, scope) => {
  const options = readOptions(argsOf(call));
  const isRecursive = hasAny(options, "r", "R") || hasLong(options, "recursive") || programOf(call) !== "rm";
  for (const path of options.operands) judgeRemoval(path, scope, { isRecursive, by: programOf(call) });
  return "";
};

const unlink: Rule = (call, scope) => {
  const { operands } = readOptions(argsOf(call), ["n", "s", "size", "iterations"]);
  for (const path of operands) judgeRemoval(path, scope, { isRecursive: false, by: programOf(call) });
  return "";
};

function sourcesAndTarget(call: Call, valued: readonly string[]): { sources: readonly string[]; target: string } {
  const { operands, values } = readOptions(argsOf(call), valued);
  const given = values.get("t")?.[0] ?? values.get("target-directory")?.[0];
  if (given !== undefined) return { sources: operands, target: given };
  return { sources: operands.slice(0, -1), target: operands.at(-1) ?? "" };
}

const COPY_VALUES = "t target-directory S suffix m mode o owner g group".split(" ");

/** The target may be a folder, then the file lands in it under its own name. */
function landings(source: string, target: string): string[] {
  const name = source.split("/").at(-1) ?? "";
  return name === "" || name === "." ? [target] : [target, join(target, name)];
}

const copy: Rule = (call, scope) => {
  const { sources, target } = sourcesAndTarget(call, COPY_VALUES);
  for (const source of sources) {
    judgeCopy(source, target, scope, programOf(call));
    for (const landing of landings(source, target).slice(1)) judgeCopy(source, landing, scope, programOf(call));
    bringsGuardrails(source, target, scope);
  }
  return "";
};

/** `cp -r evil/. .` brings a folder's hidden folders along. */
function bringsGuardrails(source: string, target: string, scope: Scope): void {
  if (!/(\/\.?|^\.)$/.test(source)) return;
  for (const name of [".claude/settings.json", ".git/config", ".mcp.json"]) {
    if (scope.world.read(join(scope.cwd ?? "/", source, name)) !== undefined)
      judgeWrite(join(target, name), scope, UNKNOWN);
  }
}

const move: Rule = (call, scope) => {
  const { sources, target } = sourcesAndTarget(call, COPY_VALUES);
  for (const source of sources) {
    judgeRemoval(source, scope, { isRecursive: true, by: "mv" });
    for (const landing of landings(source, target)) judgeCopy(source, landing, scope, "mv");
  }
  return "";
};

const link: Rule = (call, scope) => {
  const { sources, target } = sourcesAndTarget(call, COPY_VALUES);
  const froms = sources.length === 0 ? [target] : sources;
  for (const source of froms) {
    judgeRead(source, scope, "ln");
    judgeChange(source, scope, "ln");
    if (sources.length > 0) for (const landing of landings(source, target)) judgeWrite(landing, scope, UNKNOWN);
  }
  return "";
};

/** Modes and attributes may look like options: `chmod -x`, `chattr -i`. */
const change: Rule = (call, scope) => {
  const words = argsOf(call).filter((arg) => !/^-[RcfvHLPh]+$|^--/.test(arg));
  const paths = argsOf(call).some((arg) => arg.startsWith("--reference")) ? words : words.slice(1);
  for (const path of paths) judgeChange(path, scope, programOf(call));
  return "";
};

const attributes: Rule = (call, scope) => {
  for (const path of readOptions(argsOf(call), ["m", "x", "modify", "remove"]).operands)
    judgeChange(path, scope, programOf(call));
  return "";
};

const make: Rule = (call, scope) => {
  const options = readOptions(argsOf(call), ["m", "mode", "s", "size", "d", "date", "t", "r", "reference"]);
  for (const path of options.operands) {
    if (programOf(call) === "mkdir" || programOf(call) === "touch") judgeChange(path, scope, programOf(call));
    else judgeWrite(path, scope, "");
  }
  return "";
};

const tee: Rule = (call, scope) => {
  for (const path of readOptions(argsOf(call)).operands) judgeWrite(path, scope, call.stdin ?? UNKNOWN);
  return call.stdin;
};

const dd: Rule = (call, scope) => {
  for (const arg of argsOf(call)) {
    if (arg.startsWith("if=")) judgeRead(arg.slice(3), scope, "dd");
    if (arg.startsWith("of=")) judgeWrite(arg.slice(3), scope, UNKNOWN);
  }
  return undefined;
};

const NARROWS = /^-i?(name|path|wholename|regex|iname|lname)$|^-(empty|newer|inum|samefile)$/;
const ACTION = /^-(exec|execdir|ok|okdir)$/;

const find: Rule = (call, scope, tools) => {
  const args = argsOf(call);
  const start = args.findIndex((arg) => /^[-(!]/.test(arg) && !/^-[HLPDO]/.test(arg));
  const roots = (start < 0 ? args : args.slice(0, start)).filter((arg) => !arg.startsWith("-"));
  const tests = start < 0 ? [] : args.slice(start);
  const folders = roots.length === 0 ? ["."] : roots;
  const name = tests[tests.findIndex((arg) => /^-i?name$/.test(arg)) + 1]
    ?.replaceAll("*", ANY)
    .replaceAll("?", ANY_ONE);
  const isNarrow = tests.some((arg) => NARROWS.test(arg));
  for (const folder of folders) {
    const found = isNarrow
      ? `${folder}/${UNKNOWN}/${name === undefined || !tests.includes("-name") ? UNKNOWN : name}`
      : `${folder}/${UNKNOWN}`;
    if (tests.includes("-delete")) removeFound(folder, isNarrow, scope);
    runFound(tests, found, { scope, folder, isNarrow }, tools);
  }
  for (const [at, arg] of tests.entries())
    if (/^-(fprintf?0?|fls)$/.test(arg)) judgeWrite(tests[at + 1] ?? "", scope, UNKNOWN);
  return undefined;
};

function removeFound(folder: string, isNarrow: boolean, scope: Scope): void {
  if (!isNarrow) return judgeRemoval(folder, scope, { isRecursive: true, by: "find -delete" });
  const findings: Scope["findings"] = [];
  judgeRemoval(folder, { ...scope, findings }, { isRecursive: true, by: "find -delete" });
  const isWide = findings.some(({ rule, what }) => rule === "guardrail" || what.includes("far too much"));
  if (isWide) report(scope, "deny", "removal", "find -delete starts too far up");
}

type Found = { readonly scope: Scope; readonly folder: string; readonly isNarrow: boolean };

function runFound(
  tests: readonly string[],
  found: string,
  { scope, folder, isNarrow }: Found,
  tools: Parameters<Rule>[2],
): void {
  for (const [at, arg] of tests.entries()) {
    if (!ACTION.test(arg)) continue;
    const rest = tests.slice(at + 1);
    const end = rest.findIndex((word) => word === ";" || word === "+");
    const words = end < 0 ? rest : rest.slice(0, end);
    const argv = words.map((word) => word.replaceAll("{}", found));
    if (/(^|\/)(rm|unlink|shred)$/.test(argv[0] ?? "")) removeFound(folder, isNarrow, scope);
    else tools.call({ argv, stdin: undefined }, scope);
  }
}

const archive: Rule = (call, scope, tools) => {
  const args = argsOf(call);
  for (const [at, arg] of args.entries()) {
    const [, name, glued] =
      /^--(to-command|checkpoint-action|use-compress-program|rsh-command|info-script|new-volume-script)(?:=(.*))?$/.exec(
        arg,
      ) ?? [];
    if (name !== undefined) tools.script((glued ?? args[at + 1] ?? "").replace(/^exec=/, ""), scope);
    if (arg === "-I" || arg === "-F") tools.script(args[at + 1] ?? "", scope);
    if (arg === "--remove-files") report(scope, "ask", "removal", "tar removes what it packed");
    if (arg === "-C" || arg === "--directory" || arg.startsWith("--directory=")) {
      const target = arg.includes("=") ? arg.slice(arg.indexOf("=") + 1) : (args[at + 1] ?? "");
      if (/^-?[a-zA-Z]*x|^--(extract|get)/.test(args[0] ?? "")) judgeWrite(target, scope, UNKNOWN);
    }
  }
  return undefined;
};

const patch: Rule = (call, scope) => {
  const { operands, values } = readOptions(argsOf(call), ["i", "input", "p", "d", "o", "directory"]);
  const file = values.get("i")?.[0] ?? values.get("input")?.[0] ?? operands[1];
  const text = file === undefined ? (call.stdin ?? UNKNOWN) : judgeRead(file, scope, "patch");
  judgePatch(text, scope, values.get("d")?.[0]);
  if (operands[0] !== undefined) judgeWrite(operands[0], scope, UNKNOWN);
  return undefined;
};

/** The files that a diff names. */
export function judgePatch(text: string, scope: Scope, folder = ""): void {
  if (text.includes(UNKNOWN)) report(scope, "ask", "patch", "applies a patch that cannot be read beforehand");
  for (const [, path = ""] of text.matchAll(/^(?:\+\+\+|---|rename (?:from|to)|copy to) (?:[ab]\/)?(\S+)/gm)) {
    if (path !== "/dev/null") judgeWrite(join(folder, path), scope, "");
  }
}

const tailWrites =
  (...flags: readonly string[]): Rule =>
  (call, scope) => {
    const { values } = readOptions(argsOf(call), flags);
    for (const flag of flags) for (const path of values.get(flag) ?? []) judgeWrite(path, scope, UNKNOWN);
    return undefined;
  };

export const fileRules: Rules = {
  rm: remove,
  rimraf: remove,
  trash: remove,
  "del-cli": remove,
  rmdir: unlink,
  unlink,
  shred: unlink,
  wipe: remove,
  srm: remove,
  truncate: make,
  cp: copy,
  install: copy,
  mv: move,
  ln: link,
  chmod: change,
  chown: change,
  chgrp: change,
  chattr: change,
  setfacl: attributes,
  touch: make,
  mkdir: make,
  mkfifo: make,
  mknod: make,
  tee,
  sponge: tee,
  dd,
  find,
  fd: find,
  tar: archive,
  bsdtar: archive,
  patch,
  sort: tailWrites("o", "output"),
  split: tailWrites(),
};
