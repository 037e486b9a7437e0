// Programs whose output can be told without running them, so that what is piped or substituted into a shell is read
// there as what it is: echo, printf, cat, base64 -d and a few that only turn text round.
import { join } from "node:path";
import { argsOf, hasAny, hasLong, readOptions } from "./call.ts";
import { isKnown, UNKNOWN } from "./field.ts";
import { judgeRead } from "./files.ts";
import { locate, secretAt } from "./places.ts";
import { report, type Scope } from "./scope.ts";
import type { Rule, Rules } from "./rule.ts";

const echo: Rule = (call, scope) => {
  const args = argsOf(call);
  const options = args.findIndex((arg) => !/^-[neE]+$/.test(arg));
  const words = options < 0 ? [] : args.slice(options);
  const flags = args.slice(0, options < 0 ? args.length : options).join("");
  const text = words.join(" ");
  warnOfSecrets(text, scope);
  return (flags.includes("e") ? unescape(text) : text) + (flags.includes("n") ? "" : "\n");
};

/** The values of known variables have been filled in; a value marked unknown may still be a key by its variable's name. */
function warnOfSecrets(text: string, scope: Scope): void {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY|AGE-SECRET-KEY-/.test(text))
    report(scope, "deny", "secret-read", "handles a private key in clear");
}

function unescape(text: string): string {
  return text
    .replaceAll(/\\x([0-9a-fA-F]{1,2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll(/\\0?([0-7]{1,3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    .replaceAll("\\n", "\n")
    .replaceAll("\\t", "\t")
    .replaceAll("\\\\", "\\");
}

const printf: Rule = (call, scope) => {
  const args = argsOf(call);
  const [first, name = "", ...rest] = args;
  const isToVariable = first === "-v";
  const [format = "", ...values] = isToVariable ? rest : args;
  const text = formatted(format, values);
  if (isToVariable) scope.vars.set(name, [text]);
  return isToVariable ? "" : text;
};

function formatted(format: string, values: readonly string[]): string {
  let text = "";
  let left = [...values];
  do {
    const before = left.length;
    text += unescape(format).replaceAll(
      /%(?:%|[-+ #0]*\d*(?:\.\d+)?([a-zA-Z]))/g,
      (all, letter: string | undefined) => {
        if (letter === undefined) return "%";
        const value = left.shift() ?? "";
        if (letter === "b") return unescape(value);
        return /[sqdic]/.test(letter) ? value : all === "%%" ? "%" : UNKNOWN;
      },
    );
    if (left.length === before) left = [];
  } while (left.length > 0 && text.length < 65_536);
  return text;
}

const cat: Rule = (call, scope) => {
  const { operands } = readOptions(argsOf(call));
  if (operands.length === 0) return call.stdin;
  return operands
    .map((path) =>
      path === "-" ? (call.stdin ?? "") : secretAt(path, scope) === undefined ? judgeRead(path, scope, "cat") : UNKNOWN,
    )
    .join("");
};

const decode =
  (encoding: BufferEncoding): Rule =>
  (call, scope) => {
    const options = readOptions(argsOf(call), ["w", "wrap"]);
    const [file] = options.operands;
    const text = file === undefined || file === "-" ? call.stdin : judgeRead(file, scope, "base64");
    const isDecoding = hasAny(options, "d", "D", "r") || hasLong(options, "decode");
    if (text === undefined || !isKnown(text)) return UNKNOWN;
    return isDecoding ? Buffer.from(text.trim(), encoding).toString("utf8") : Buffer.from(text).toString(encoding);
  };

const reverse: Rule = (call) =>
  call.stdin === undefined || !isKnown(call.stdin)
    ? undefined
    : call.stdin
        .split("\n")
        .map((line) => line.split("").toReversed().join(""))
        .join("\n");

const translate: Rule = (call) => {
  const [first = "", second = ""] = argsOf(call);
  if (call.stdin === undefined || !isKnown(call.stdin)) return undefined;
  if (first === "-d")
    return call.stdin
      .split("")
      .filter((char) => !spread(second).includes(char))
      .join("");
  const [from, to] = [spread(first), spread(second)];
  return call.stdin
    .split("")
    .map((char) => (from.includes(char) ? (to[Math.min(from.indexOf(char), to.length - 1)] ?? char) : char))
    .join("");
};

function spread(set: string): string {
  return unescape(set).replaceAll(/(.)-(.)/g, (_, from: string, to: string) =>
    Array.from({ length: Math.max(0, to.charCodeAt(0) - from.charCodeAt(0) + 1) }, (__, index) =>
      String.fromCharCode(from.charCodeAt(0) + index),
    ).join(""),
  );
}

/** `read a b` fills variables from what is known of its input. */
const read: Rule = (call, scope) => {
  const names = readOptions(argsOf(call), ["d", "i", "n", "N", "p", "t", "u", "a"]).operands;
  const words = call.stdin === undefined ? undefined : call.stdin.split("\n")[0]?.trim().split(/\s+/);
  for (const [index, name] of names.entries()) {
    const value =
      words === undefined ? UNKNOWN : index === names.length - 1 ? words.slice(index).join(" ") : (words[index] ?? "");
    scope.vars.set(name, [value]);
  }
  return "";
};

const changeFolder: Rule = (call, scope) => {
  const target = argsOf(call).find((arg) => !/^-[LPe@]+$/.test(arg));
  if (target === undefined) scope.cwd = scope.vars.get("HOME")?.[0];
  else if (target === "-") scope.cwd = undefined;
  else {
    const path = locate(target, scope);
    scope.cwd = isKnown(path) && (path.startsWith("/") || scope.cwd !== undefined) ? path : undefined;
  }
  scope.vars.set("PWD", [scope.cwd ?? UNKNOWN]);
  return "";
};

const folder: Rule = (_, scope) => `${scope.cwd ?? UNKNOWN}\n`;

const silent: Rule = () => "";

const shift: Rule = (_, scope) => {
  const args = (scope.vars.get("@") ?? [UNKNOWN]).slice(1);
  scope.vars.set("@", args);
  for (let at = 1; at <= 9; at += 1) {
    const value = args[at - 1];
    if (value === undefined) scope.vars.delete(String(at));
    else scope.vars.set(String(at), [value]);
  }
  return "";
};

const lookup: Rule = (call) => {
  const name = argsOf(call).find((arg) => !arg.startsWith("-")) ?? "";
  return /^(rm|sh|bash|cat|env|curl|python3?|perl|node|dd|git)$/.test(name) ? `${join("/bin", name)}\n` : undefined;
};

export const outputRules: Rules = {
  echo,
  printf,
  print: echo,
  cat,
  tac: cat,
  base64: decode("base64"),
  xxd: decode("hex"),
  rev: reverse,
  tr: translate,
  read,
  cd: changeFolder,
  pushd: changeFolder,
  pwd: folder,
  true: silent,
  ":": silent,
  false: silent,
  test: silent,
  "[": silent,
  shift,
  which: lookup,
};
