// Shells, and scripts in general. The text is judged wherever it comes from; a script is read now, and one that is not
// there yet cannot be judged and is denied.
import { dirname } from "node:path";
import { argsOf, programOf, readOptions, type Call } from "./call.ts";
import { judgeCode } from "./code.ts";
import { FETCHED, isKnown, show } from "./field.ts";
import { judgeRead, textOf } from "./files.ts";
import { locate } from "./places.ts";
import { inner, report, type Scope } from "./scope.ts";
import type { Rule, Rules, Tools } from "./rule.ts";

const SHELL_VALUES = ["o", "O", "rcfile", "init-file"];

const shell: Rule = (call, scope, tools) => {
  const { operands, flags, values } = readOptions(splitLetters(argsOf(call)), [...SHELL_VALUES, "c"]);
  for (const file of [...(values.get("rcfile") ?? []), ...(values.get("init-file") ?? [])])
    runFile(file, [], scope, tools);
  const text = values.get("c")?.[0];
  if (text !== undefined) {
    return tools.script(text, withArguments(inner(scope), operands.slice(1)), call.stdin);
  }
  const [file, ...args] = operands;
  if (file !== undefined && file !== "-" && file !== "/dev/stdin" && !flags.has("s"))
    return runFile(file, args, scope, tools);
  return runInput(call, scope, tools);
};

/** `-xc` and `-c -x`: the text of -c is the first operand, whatever stands between. */
function splitLetters(args: readonly string[]): readonly string[] {
  const at = args.findIndex((arg) => /^-[a-zA-Z]*c[a-zA-Z]*$/.test(arg));
  if (at < 0 || args.slice(0, at).some((arg) => !/^[-+]/.test(arg))) return args;
  const after = args.slice(at + 1);
  const first = after.findIndex((arg) => !/^[-+]./.test(arg));
  return first < 0 ? args : ["-c", after[first] ?? "", "--", "", ...after.slice(first + 2)];
}

function withArguments(scope: Scope, args: readonly string[]): Scope {
  scope.vars.set("@", args);
  scope.vars.set("*", args);
  for (const [index, arg] of args.entries()) scope.vars.set(String(index + 1), [arg]);
  return scope;
}

function runInput(call: Call, scope: Scope, tools: Tools): string | undefined {
  if (call.stdin === undefined) return undefined;
  if (isKnown(call.stdin)) return tools.script(call.stdin, inner(scope));
  report(scope, "deny", "pipe-to-shell", `${programOf(call)} runs what it is sent, unread`);
  return undefined;
}

/** Judges a script file by its first line, its name or the given language. */
export function runFile(
  file: string,
  args: readonly string[],
  scope: Scope,
  tools: Tools,
  language = "sh",
): string | undefined {
  const path = locate(file, scope);
  const text = isKnown(path) ? textOf(path, scope) : null;
  if (text === undefined || text === null || !isKnown(text)) {
    const isFetched = text?.includes(FETCHED) === true;
    const what = text === undefined ? "is not there yet" : "cannot be read beforehand";
    if (isFetched) report(scope, "deny", "pipe-to-shell", "runs what the network sends, unread");
    else report(scope, "deny", "unread-script", `runs a script that ${what}: ${show(file)}`);
    return undefined;
  }
  const inside = withArguments(inner(scope), args);
  const [, program] = /^#!\s*(?:\S*\/env\s+(?:-S\s+)?)?(?:\S*\/)?([a-z]+)/.exec(text) ?? [];
  const speaks = program ?? language;
  if (/^(ba|da|z|k|a)?sh$/.test(speaks)) return tools.script(text, inside);
  judgeCode(speaks, text, inside, tools);
  return undefined;
}

const source: Rule = (call, scope, tools) => {
  const [file] = argsOf(call);
  if (file === undefined) return "";
  judgeRead(file, scope, "source");
  if (scope.findings.at(-1)?.rule === "secret-read") return "";
  const path = locate(file, scope);
  const text = isKnown(path) ? textOf(path, scope) : undefined;
  if (typeof text === "string" && isKnown(text))
    return tools.script(text, {
      ...inner(scope),
      vars: scope.vars,
      functions: scope.functions,
      aliases: scope.aliases,
    });
  if (
    /(^|\/)((ba)?sh_completion|bashrc|profile|activate|nvm\.sh|cargo\/env|os-release)$/.test(file) &&
    text === undefined
  )
    return "";
  const isDenied = (text === undefined && isKnown(path)) || text?.includes(FETCHED) === true;
  report(scope, isDenied ? "deny" : "ask", "unread-script", `reads shell text that is not known: ${show(file)}`);
  return "";
};

/** `./build.sh`, `scripts/x.py`: a file that is run by its name. */
export function judgeDirectRun(call: Call, scope: Scope, tools: Tools): string | undefined {
  const [file = "", ...args] = call.argv;
  const path = locate(file, scope);
  const isOurs =
    !scope.isRemote &&
    isKnown(path) &&
    !/^\/(usr|bin|sbin|opt|snap|nix|lib|Applications|System)\//.test(path) &&
    !/(^|\/)(node_modules|\.venv|venv|\.cargo|go|\.bun|\.nvm|target|vendor)\//.test(path);
  if (!file.includes("/") || !isOurs) return undefined;
  const text = textOf(path, scope);
  // A program that is not text was built or installed by a command that was judged then.
  if (text === null) return undefined;
  return runFile(file, args, { ...scope, cwd: scope.cwd ?? dirname(path) }, tools, "sh");
}

export const shellRules: Rules = {
  ...Object.fromEntries("sh bash dash zsh ksh ash rbash mksh fish".split(" ").map((name) => [name, shell])),
  source,
  ".": source,
};
