// awk, sed and editors: made for text, able to run and write anything.
import { argsOf, programOf, readOptions } from "./call.ts";
import { judgeCode } from "./code.ts";
import { isKnown, UNKNOWN } from "./field.ts";
import { judgeRead, judgeWrite } from "./files.ts";
import { report, type Scope } from "./scope.ts";
import { runFile } from "./shell-rules.ts";
import type { Rule, Rules, Tools } from "./rule.ts";

const awk: Rule = (call, scope, tools) => {
  const { operands, values } = readOptions(argsOf(call), ["F", "v", "f", "file", "e", "source", "i"]);
  const files = [...(values.get("f") ?? []), ...(values.get("file") ?? [])];
  for (const file of files) runFile(file, [], scope, tools, "awk");
  const texts = files.length > 0 ? [] : operands.slice(0, 1);
  for (const text of [...texts, ...(values.get("e") ?? []), ...(values.get("source") ?? [])])
    judgeCode("awk", text, scope, tools);
  return undefined;
};

const sed: Rule = (call, scope, tools) => {
  const options = readOptions(
    argsOf(call),
    ["e", "f", "expression", "file", "l", "E"].filter((name) => name !== "E"),
  );
  const given = [...(options.values.get("e") ?? []), ...(options.values.get("expression") ?? [])];
  const files = [...(options.values.get("f") ?? []), ...(options.values.get("file") ?? [])];
  const hasScript = given.length > 0 || files.length > 0;
  const fromFiles = files.map((file) => judgeRead(file, scope, "sed"));
  if (fromFiles.some((text) => !isKnown(text)))
    report(scope, "ask", "unread-script", "sed runs a script that is not known");
  const texts = hasScript ? [...given, ...fromFiles] : options.operands.slice(0, 1);
  for (const text of texts) judgeSed(text, scope, tools);
  const isInPlace = [...options.flags].some((flag) => flag === "i" || flag.startsWith("in-place"));
  for (const file of hasScript ? options.operands : options.operands.slice(1)) {
    if (isInPlace) judgeWrite(file, scope, UNKNOWN);
  }
  return undefined;
};

/** sed's own ways out: `e` runs, `w` writes, `r` reads, and the flags of `s`. */
function judgeSed(text: string, scope: Scope, tools: Tools): void {
  for (const line of text.split(/[\n;]/)) {
    const command =
      /^\s*(?:\d+|\$|\/(?:[^/\\]|\\.)*\/)?(?:,(?:\d+|\$|\/(?:[^/\\]|\\.)*\/))?\s*!?\s*\{?\s*([ewWrR])\s*(.*)$/.exec(
        line,
      );
    const flags =
      /^\s*(?:\S*?)s([^\w\s\\])(?:\\.|(?!\1)[^\\])*\1((?:\\.|(?!\1)[^\\])*)\1([gpiImM0-9]*)([ew])\s*(\S*)/.exec(line);
    if (command?.[1] === "e" && command[2] !== "") tools.script(command[2] ?? "", scope);
    if (command?.[1] === "e" || flags?.[4] === "e")
      report(scope, "deny", "interpreter", "sed runs its input as commands");
    if (/^w/i.test(command?.[1] ?? "")) judgeWrite(command?.[2] ?? "", scope, UNKNOWN);
    if (flags?.[4] === "w") judgeWrite(flags[5] ?? "", scope, flags[2] ?? UNKNOWN);
    if (/^r/i.test(command?.[1] ?? "")) judgeRead(command?.[2] ?? "", scope, "sed");
  }
}

const editor: Rule = (call, scope, tools) => {
  for (const arg of argsOf(call)) {
    const [, text] = /^(?:\+|-c|--cmd)?\s*:?!(.+)$/.exec(arg) ?? [];
    if (text !== undefined) tools.script(text, scope);
  }
  report(scope, "ask", "interpreter", `${programOf(call)} can run anything`);
  for (const file of readOptions(argsOf(call), ["c", "cmd", "u", "S"]).operands) judgeWrite(file, scope, UNKNOWN);
  return undefined;
};

const named = (names: string, rule: Rule): Rules => Object.fromEntries(names.split(" ").map((name) => [name, rule]));

export const textRules: Rules = {
  ...named("awk gawk mawk nawk", awk),
  ...named("sed gsed", sed),
  ...named("vi vim nvim ex ed emacs view gdb lldb", editor),
};
