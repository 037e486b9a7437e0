// git: what rewrites or loses history, what leaves the machine, and the many ways in which it runs other programs.
import { argsOf, readOptions } from "./call.ts";
import { judgeRead } from "./files.ts";
import { isKnown, show } from "./field.ts";
import { judgeSetting } from "./git-settings.ts";
import { VALUED, VERBS } from "./git-verbs.ts";
import { guardrailAt, secretAt } from "./places.ts";
import { report, type Scope } from "./scope.ts";
import type { Rule, Rules, Tools } from "./rule.ts";

const GLOBAL_VALUES = "C c git-dir work-tree namespace super-prefix config-env attr-source".split(" ");

const git: Rule = (call, scope, tools) => {
  const { globals, verb, rest } = takeApart(argsOf(call));
  for (const [name, value] of globals) judgeGlobal(name, value, scope, tools);
  if (verb === undefined) return undefined;
  if (!isKnown(verb)) {
    report(scope, "ask", "unknown-command", "a git command that is only known when it runs");
    return undefined;
  }
  judgeArguments(verb, rest, scope);
  VERBS[verb]?.(readOptions(rest, VALUED[verb] ?? []), scope, rest, tools);
  return undefined;
};

function takeApart(args: readonly string[]): {
  globals: [string, string][];
  verb: string | undefined;
  rest: readonly string[];
} {
  const globals: [string, string][] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    if (!arg.startsWith("-")) return { globals, verb: arg, rest: args.slice(at + 1) };
    const [name = "", ...value] = arg.replace(/^--?/, "").split("=");
    if (value.length > 0) globals.push([name, value.join("=")]);
    else if (GLOBAL_VALUES.includes(name)) globals.push([name, args[(at += 1)] ?? ""]);
    else if (/^c./.test(name) && !arg.startsWith("--")) globals.push(["c", name.slice(1)]);
    else globals.push([name, ""]);
  }
  return { globals, verb: undefined, rest: [] };
}

function judgeGlobal(name: string, value: string, scope: Scope, tools: Tools): void {
  if (name === "c" || name === "config-env") judgeSetting(value, scope, tools);
  if (name === "exec-path" && value !== "")
    report(scope, "deny", "git-runs", "git --exec-path takes git's programs from elsewhere");
}

const READS = new Set(
  (
    "show diff log cat-file blame annotate grep archive add stage hash-object bundle commit apply am " +
    "format-patch difftool range-diff whatchanged notes"
  ).split(" "),
);
const WRITES = new Set(
  "checkout restore rm mv clean update-index reset switch worktree submodule read-tree checkout-index clone init".split(
    " ",
  ),
);

/** Paths and `revision:path` among the arguments. */
function judgeArguments(verb: string, rest: readonly string[], scope: Scope): void {
  for (const arg of rest) {
    const path = arg.startsWith("-") ? arg.slice(arg.indexOf("=") + 1) : arg.slice(arg.indexOf(":") + 1);
    if (/\s/.test(path) || path === "") continue;
    if (READS.has(verb) && secretAt(path, scope) !== undefined) judgeRead(path, scope, `git ${verb}`);
    if (WRITES.has(verb) && guardrailAt(path, scope) !== undefined) {
      report(scope, "deny", "guardrail", `git ${verb} changes a guardrail: ${show(path)}`);
    }
  }
}

export const gitRules: Rules = { git };
