// Programs that run another command and need more than their options skipped: env, xargs, eval, traps, aliases.
import { argsOf } from "./call.ts";
import { judgeAssignment } from "./environment.ts";
import { isKnown, UNKNOWN } from "./field.ts";
import { judgeWrite } from "./files.ts";
import { inner, report, type Scope } from "./scope.ts";
import type { Rule, Rules } from "./rule.ts";
import { afterOptions } from "./wrappers.ts";

const env: Rule = (call, scope, tools) => {
  const args = argsOf(call);
  let at = 0;
  const changed = { ...scope, vars: new Map(scope.vars) };
  for (; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    const [, name, value] = /^([A-Za-z_]\w*)=([^]*)$/.exec(arg) ?? [];
    if (name !== undefined && value !== undefined) {
      changed.vars.set(name, [value]);
      judgeAssignment(name, value, scope, tools.script);
    } else if (/^(-S|--split-string)$/.test(arg))
      return tools.script(args.slice(at + 1).join(" "), changed, call.stdin);
    else if (/^(-S|--split-string=)./.test(arg))
      return tools.script(
        [arg.replace(/^(-S|--split-string=)/, ""), ...args.slice(at + 1)].join(" "),
        changed,
        call.stdin,
      );
    else if (/^(-u|-C|--unset|--chdir)$/.test(arg)) at += 1;
    else if (!arg.startsWith("-")) break;
  }
  const argv = args.slice(at);
  if (argv.length > 0) return tools.call({ argv, stdin: call.stdin }, inner(changed));
  report(scope, "deny", "environment-read", "prints the environment, keys included");
  return undefined;
};

const xargs: Rule = (call, scope, tools) => {
  const args = argsOf(call);
  const replaces = args.findIndex((arg) => /^(-I|-i|--replace)/.test(arg));
  const valued = [
    "I",
    "n",
    "L",
    "P",
    "s",
    "d",
    "E",
    "a",
    "max-args",
    "max-procs",
    "max-lines",
    "delimiter",
    "arg-file",
  ];
  const argv = [...afterOptions(args, valued, 0)];
  const stdin = call.stdin ?? UNKNOWN;
  const words = stdin.split(/[\s\0]+/).filter((word) => word !== "");
  const mark =
    replaces < 0
      ? undefined
      : (/^-I(.+)$/.exec(args[replaces] ?? "")?.[1] ?? (args[replaces] === "-I" ? args[replaces + 1] : "{}"));
  const filled =
    mark === undefined
      ? [...argv, ...words]
      : argv.map((arg) => arg.replaceAll(mark, words.length === 1 ? (words[0] ?? "") : UNKNOWN));
  if (filled.length > 0) tools.call({ argv: filled, stdin: undefined }, scope);
  return undefined;
};

const evaluate: Rule = (call, scope, tools) => {
  const args = argsOf(call);
  return tools.script((args[0] === "--" ? args.slice(1) : args).join(" "), scope, call.stdin);
};

const watch: Rule = (call, scope, tools) => {
  const words = afterOptions(argsOf(call), ["n", "d", "interval"], 0);
  return tools.script(words.join(" "), scope, call.stdin);
};

const afterDashC =
  (asks: string | undefined): Rule =>
  (call, scope, tools) => {
    const args = argsOf(call);
    const at = args.findIndex((arg) => /^(-\w*c|--command|--session-command)$/.test(arg));
    if (asks !== undefined) report(scope, "ask", "elevated", asks);
    if (at >= 0) return tools.script(args[at + 1] ?? "", scope, call.stdin);
    if (call.stdin !== undefined) return tools.script(call.stdin, scope);
    return undefined;
  };

const flock: Rule = (call, scope, tools) => {
  const args = argsOf(call);
  const at = args.indexOf("-c");
  if (at >= 0) return tools.script(args[at + 1] ?? "", scope, call.stdin);
  const [file, ...argv] = afterOptions(args, ["w", "E", "timeout", "conflict-exit-code"], 0);
  if (file !== undefined && !/^\d+$/.test(file)) judgeWrite(file, scope, "");
  return argv.length === 0 ? undefined : tools.call({ argv, stdin: call.stdin }, scope);
};

const later: Rule = (call, scope, tools) => {
  report(scope, "ask", "later", "runs something later, outside this session");
  if (call.stdin !== undefined && isKnown(call.stdin)) tools.script(call.stdin, scope);
  return undefined;
};

const trap: Rule = (call, scope, tools) => {
  const text = argsOf(call).find((arg) => arg !== "--") ?? "";
  if (text !== "-" && !text.startsWith("-")) tools.script(text, scope);
  return undefined;
};

const alias: Rule = (call, scope, tools) => {
  for (const arg of argsOf(call)) {
    const [name = "", ...rest] = arg.split("=");
    if (rest.length === 0) continue;
    const findings: Scope["findings"] = [];
    tools.script(rest.join("="), inner(scope, { findings }));
    scope.findings.push(...findings.filter((finding) => finding.verdict === "deny" && finding.rule !== "unparsable"));
    scope.aliases.set(name, rest.join("="));
  }
  return "";
};

export const wrapperRules: Rules = {
  env,
  xargs,
  parallel: xargs,
  eval: evaluate,
  watch,
  su: afterDashC("runs as another user"),
  script: afterDashC(undefined),
  flock,
  at: later,
  batch: later,
  trap,
  alias,
};
