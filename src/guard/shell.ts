// Walks a shell script without running it: every command on every branch is judged, in the order in which it would run,
// with what is known of variables and folders by then. Answers what the script would print, as far as that is known.
import { parse, type Assignment, type Command, type Redirection, type Script, type SyntaxNode } from "unbash";
import { forEachChild } from "unbash";
import { expandParts, expandText, expandWord, runInside } from "./expand.ts";
import { UNKNOWN } from "./field.ts";
import { quote } from "./quote.ts";
import { judgeCall } from "./judge-call.ts";
import { judgeAssignment } from "./environment.ts";
import { judgeWrite, judgeRead } from "./files.ts";
import { inner, report, setVariable, spend, type Scope } from "./scope.ts";

const MAX_ITERATIONS = 16;

/** Judges the text of a script; unparsable text is denied. */
export function judgeScript(text: string, scope: Scope, stdin?: string): string {
  const script = parse(text);
  if (hasErrors(script)) report(scope, "deny", "unparsable", "is not a shell command that can be read");
  return walkAll(script.commands, scope, stdin);
}

function hasErrors(node: SyntaxNode): boolean {
  if (node.type === "Script" && "errors" in node && node.errors !== undefined && node.errors.length > 0) return true;
  let found = false;
  forEachChild(node, (child) => {
    found ||= hasErrors(child);
  });
  return found;
}

function walkAll(nodes: readonly SyntaxNode[], scope: Scope, stdin: string | undefined): string {
  return nodes.map((node) => walk(node, scope, stdin)).join("");
}

function walk(node: SyntaxNode, scope: Scope, stdin: string | undefined): string {
  spend(scope);
  switch (node.type) {
    case "Command":
      return walkCommand(node, scope, stdin);
    case "Pipeline":
      return walkPipeline(node.commands, scope, stdin);
    case "Redirected":
      return redirected(node.redirects, scope, stdin, (input) => walk(node.command, scope, input));
    case "Subshell":
      return walk(node.body, inner(scope), stdin);
    case "Function":
      return define(node.name.value, node.body, scope);
    case "For":
      return loop(node, scope, stdin);
    case "Coproc":
      return walk(node.body, inner(scope), stdin);
    case "Script":
    case "CompoundList":
      return walkAll(node.commands, scope, stdin);
    case "Statement":
      return walk(node.command, scope, stdin);
    default:
      return walkChildren(node, scope, stdin);
  }
}

/** If, while, case, and-or, tests: all their parts, one after the other; words in them are expanded for what they run. */
function walkChildren(node: SyntaxNode, scope: Scope, stdin: string | undefined): string {
  let output = "";
  forEachChild(node, (child) => {
    if (child.type === "Word") expandText(child, scope, substitute);
    else output += walk(child, scope, stdin);
  });
  const isList = node.type === "AndOr" || node.type === "BraceGroup";
  return isList || output === "" ? output : UNKNOWN;
}

function substitute(script: Script | undefined, scope: Scope): string {
  if (script === undefined) return UNKNOWN;
  return walkAll(script.commands, inner(scope), undefined);
}

function walkPipeline(commands: readonly SyntaxNode[], scope: Scope, stdin: string | undefined): string {
  let flowing = stdin;
  for (const command of commands) flowing = walk(command, inner(scope), flowing);
  return flowing ?? "";
}

type Loop = Extract<SyntaxNode, { type: "For" }>;

function loop(node: Loop, scope: Scope, stdin: string | undefined): string {
  const values = node.wordlist?.flatMap((word) => expandWord(word, scope, substitute)) ?? [UNKNOWN];
  const few = values.length > MAX_ITERATIONS ? [...values.slice(0, MAX_ITERATIONS), UNKNOWN] : values;
  return few
    .map((value) => {
      scope.vars.set(node.name.value, [value]);
      return walk(node.body, scope, stdin);
    })
    .join("");
}

type Body = Parameters<Scope["functions"]["set"]>[1];

/** A function is judged where it is called, and once here for what it does whoever calls it. */
function define(name: string, body: Body, scope: Scope): string {
  const findings: Scope["findings"] = [];
  const isForkBomb = callsItself(body, name);
  if (isForkBomb) report(scope, "deny", "fork-bomb", "a function that starts itself over and over");
  else {
    walk(body, inner(scope, { findings }), undefined);
    scope.findings.push(...findings.filter((finding) => finding.verdict === "deny"));
    scope.functions.set(name, body);
  }
  return "";
}

function callsItself(node: SyntaxNode, name: string): boolean {
  let found = false;
  const isPiped = node.type === "Pipeline" && node.commands.filter((one) => one.type === "Command").length > 1;
  if (isPiped && node.commands.every((one) => one.type === "Command" && one.name?.value === name)) return true;
  forEachChild(node, (child) => {
    found ||= callsItself(child, name);
  });
  return found;
}

function walkCommand(node: Command, scope: Scope, stdin: string | undefined): string {
  return redirected(node.redirects, scope, stdin, (input) => {
    const assignments = node.prefix.filter((part) => part.type === "Assignment");
    if (node.name === undefined) {
      for (const assignment of assignments) assign(assignment, scope);
      return "";
    }
    const argv = [node.name, ...node.args].flatMap((word) =>
      word.type === "Assignment" ? [assignmentText(word, scope)] : expandWord(word, scope, substitute),
    );
    const callScope = assignments.length === 0 ? scope : { ...scope, vars: new Map(scope.vars) };
    for (const assignment of assignments) assign(assignment, callScope);
    return callFunction(argv, scope, input) ?? judgeCall({ argv, stdin: input }, scope, judgeScript);
  });
}

function assign(node: Assignment, scope: Scope): void {
  if (node.index !== undefined) runInside(node.index, scope, substitute);
  if (node.value.type === "ArrayValue") {
    const elements = node.value.elements.flatMap((word) => expandWord(word, scope, substitute));
    setVariable(
      scope,
      node.name,
      node.append === true ? [...(scope.vars.get(node.name) ?? []), ...elements] : elements,
    );
    return;
  }
  const text = expandText(node.value, scope, substitute);
  const value = node.append === true ? (scope.vars.get(node.name)?.[0] ?? "") + text : text;
  setVariable(scope, node.name, [value]);
  judgeAssignment(node.name, value, scope, judgeScript);
}

/** `export X=1`, `local x=(a b)`: the argument of a declaration. An array is set here, a text by the declaration's rule. */
function assignmentText(node: Assignment, scope: Scope): string {
  assign(node, scope);
  return node.value.type === "ArrayValue" ? node.name : `${node.name}=${scope.vars.get(node.name)?.[0] ?? ""}`;
}

function callFunction(argv: readonly string[], scope: Scope, stdin: string | undefined): string | undefined {
  const [name = "", ...args] = argv;
  const body = scope.functions.get(name);
  if (body !== undefined) {
    const frame = { ...inner(scope), vars: scope.vars, functions: scope.functions };
    const saved = new Map(scope.vars);
    setPositional(frame, args);
    const output = walk(body, frame, stdin);
    setPositional(frame, saved.get("@") ?? []);
    return output;
  }
  const alias = scope.aliases.get(name);
  if (alias === undefined) return undefined;
  return judgeScript([alias, ...args.map(quote)].join(" "), inner(scope), stdin);
}

function setPositional(scope: Scope, args: readonly string[]): void {
  for (let at = 1; at <= 9; at += 1) scope.vars.delete(String(at));
  scope.vars.set("@", args);
  scope.vars.set("*", args);
  for (const [index, arg] of args.entries()) scope.vars.set(String(index + 1), [arg]);
}

function redirected(
  redirects: readonly Redirection[],
  scope: Scope,
  stdin: string | undefined,
  body: (stdin: string | undefined) => string,
): string {
  let input = stdin;
  let target: string | undefined;
  for (const redirect of redirects) {
    if (redirect.type === "HereDoc") {
      const { parts, text } = redirect.body;
      input = parts === undefined ? text : expandParts(parts, scope, substitute);
    } else if (redirect.type === "HereString") {
      input = redirect.target === undefined ? UNKNOWN : `${expandText(redirect.target, scope, substitute)}\n`;
    } else if (redirect.target !== undefined) {
      const path = expandText(redirect.target, scope, substitute);
      if (redirect.target.parts?.some((part) => part.type === "ProcessSubstitution") === true) input = UNKNOWN;
      else if (redirect.operator === "<") input = judgeRead(path, scope, "<");
      else if (isToFile(redirect.operator, path)) target = path;
    }
  }
  const output = body(input);
  if (target === undefined) return output;
  judgeWrite(target, scope, output);
  return "";
}

function isToFile(operator: string, path: string): boolean {
  return !(operator.endsWith("&") && /^(\d+-?|-)$/.test(path));
}
