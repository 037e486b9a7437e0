// Words to fields, the way bash expands them, as far as that can be known without running anything.
import {
  forEachChild,
  parse,
  type DoubleQuotedChild,
  type ParameterExpansionPart,
  type SyntaxNode,
  type Word,
  type WordPart,
} from "unbash";
import { expandBraces } from "./braces.ts";
import { ANY, ANY_ONE, isKnown, UNKNOWN } from "./field.ts";
import type { Scope } from "./scope.ts";

/** Runs the script of a substitution and answers its output. Given from outside, since walking needs expanding too. */
export type Substitute = (script: WordScript, scope: Scope) => string;
type WordScript = Extract<WordPart, { type: "CommandExpansion" }>["script"];

/** A run of text, quoted or open to splitting and globbing; `next` starts a new field (`"$@"`). */
type Piece = { readonly text: string; readonly open: boolean; readonly next?: boolean };

const MAX_FIELDS = 4096;

export function expandWord(word: Word, scope: Scope, substitute: Substitute): string[] {
  const alternatives = expandBraces(word);
  if (alternatives === undefined) return split(piecesOf(word, scope, substitute), scope);
  const fields: string[] = [];
  for (const text of alternatives) {
    const again = firstWord(text);
    if (again !== undefined) fields.push(...split(piecesOf(again, scope, substitute), scope));
    if (fields.length > MAX_FIELDS) return [UNKNOWN];
  }
  return fields;
}

/** As one text: what an assignment, a redirection or a here-document makes of a word. */
export function expandText(word: Word, scope: Scope, substitute: Substitute): string {
  return textOf(piecesOf(word, scope, substitute));
}

export function expandParts(parts: readonly WordPart[], scope: Scope, substitute: Substitute): string {
  return textOf(parts.flatMap((part) => pieces(part, scope, substitute, true)));
}

function textOf(all: readonly Piece[]): string {
  return all.map((piece) => (piece.next === true ? ` ${piece.text}` : piece.text)).join("");
}

function firstWord(text: string): Word | undefined {
  const [statement] = parse(`_ ${text}`).commands;
  const word = statement?.command.type === "Command" ? statement.command.suffix[0] : undefined;
  return word?.type === "Word" ? word : undefined;
}

function piecesOf(word: Word, scope: Scope, substitute: Substitute): Piece[] {
  const all =
    word.parts === undefined
      ? [{ text: word.value, open: false }]
      : word.parts.flatMap((part) => pieces(part, scope, substitute, false));
  const [first, ...rest] = all;
  if (first === undefined || !word.text.startsWith("~")) return all;
  return [{ ...first, text: tilde(first.text, scope) }, ...rest];
}

function tilde(text: string, scope: Scope): string {
  const [name = ""] = text.slice(1).split("/");
  const rest = text.slice(1 + name.length);
  if (name === "") return (scope.vars.get("HOME")?.[0] ?? UNKNOWN) + rest;
  if (name === "+") return (scope.cwd ?? UNKNOWN) + rest;
  if (name === "root") return `/root${rest}`;
  return scope.world.home.endsWith(`/${name}`) ? scope.world.home + rest : `/home/${name}${rest}`;
}

function pieces(part: WordPart | DoubleQuotedChild, scope: Scope, substitute: Substitute, quoted: boolean): Piece[] {
  switch (part.type) {
    case "Literal":
    case "SingleQuoted":
    case "AnsiCQuoted":
      return [{ text: part.value, open: false }];
    case "Glob":
      return [{ text: part.kind === "star" ? ANY : ANY_ONE, open: false }];
    case "ExtendedGlob":
      return [{ text: ANY, open: false }];
    case "DoubleQuoted":
    case "LocaleString":
      return quotedPieces(part.parts, scope, substitute);
    case "SimpleExpansion":
      return values(part.text.slice(1), scope, quoted);
    case "ParameterExpansion":
      return parameter(part, scope, substitute, quoted);
    case "CommandExpansion":
      return [{ text: substitute(part.script, scope).replace(/\n+$/, ""), open: !quoted }];
    case "ProcessSubstitution":
      return [{ text: keepOutput(substitute(part.script, scope), scope), open: false }];
    case "ArithmeticExpansion":
      runInside(part, scope, substitute);
      return [{ text: UNKNOWN, open: false }];
    default:
      return [{ text: part.text, open: false }];
  }
}

/** `<(...)` is a file that holds what the script prints. */
function keepOutput(output: string, scope: Scope): string {
  const path = `/dev/fd/${100 + scope.written.size}`;
  scope.written.set(path, output);
  return path;
}

/** Substitutions within arithmetic and subscripts run too. */
export function runInside(node: SyntaxNode, scope: Scope, substitute: Substitute): void {
  forEachChild(node, (child) => {
    if (child.type === "Script") substitute(child, scope);
    else runInside(child, scope, substitute);
  });
}

function quotedPieces(parts: readonly DoubleQuotedChild[], scope: Scope, substitute: Substitute): Piece[] {
  // An empty pair of quotes is a field too.
  return [{ text: "", open: false }, ...parts.flatMap((part) => pieces(part, scope, substitute, true))];
}

function values(name: string, scope: Scope, quoted: boolean): Piece[] {
  const elements = scope.vars.get(name);
  if (elements === undefined) return [{ text: UNKNOWN, open: false }];
  if (name === "*" && quoted) return [{ text: elements.join(" "), open: false }];
  return spread(name === "@" || name === "*" ? elements : elements.slice(0, 1), quoted);
}

function spread(elements: readonly string[], quoted: boolean): Piece[] {
  return elements.map((text, index) => ({ text, open: !quoted, ...(index === 0 ? {} : { next: true }) }));
}

function parameter(part: ParameterExpansionPart, scope: Scope, substitute: Substitute, quoted: boolean): Piece[] {
  if (part.index !== undefined) runInside(part.index, scope, substitute);
  if (part.operation?.type === "Slice") runInside(part.operation, scope, substitute);
  if (part.prefix === "#") return [{ text: UNKNOWN, open: false }];
  const name = part.prefix === "!" ? (scope.vars.get(part.parameter)?.[0] ?? "") : part.parameter;
  const index = part.index?.value;
  if (part.operation === undefined && index === undefined) return values(name, scope, quoted);
  const all = scope.vars.get(name);
  const elements = index === undefined && name !== "@" ? all?.slice(0, 1) : element(all, index ?? "@");
  if (part.operation === undefined) {
    return elements === undefined ? [{ text: UNKNOWN, open: false }] : spread(elements, quoted);
  }
  return [{ text: operate(part.operation, elements?.join(" "), scope, substitute), open: !quoted }];
}

function element(elements: readonly string[] | undefined, index: string): readonly string[] | undefined {
  if (index === "@" || index === "*") return elements;
  const one = elements?.[Number(index)];
  return one === undefined ? undefined : [one];
}

type Operation = NonNullable<ParameterExpansionPart["operation"]>;

function operate(operation: Operation, value: string | undefined, scope: Scope, substitute: Substitute): string {
  const word = (operand: Word | undefined): string =>
    operand === undefined ? "" : expandText(operand, scope, substitute);
  if (operation.type === "Default") {
    const isAlternative = operation.operator.includes("+");
    if (isAlternative) return value === undefined || value === "" ? UNKNOWN : word(operation.operand);
    return value === undefined || value === "" ? word(operation.operand) : value;
  }
  if (value === undefined || !isKnown(value)) return UNKNOWN;
  switch (operation.type) {
    case "Replace":
      return replace(value, word(operation.pattern), word(operation.replacement), operation.operator === "//");
    case "Slice":
      return slice(value, operation.offset.value, operation.length?.value);
    case "Remove":
      return remove(value, word(operation.operand), operation.operator);
    case "CaseModification":
      return changeCase(value, operation.operator);
    default:
      return UNKNOWN;
  }
}

function replace(value: string, pattern: string, by: string, all: boolean): string {
  if (!isKnown(pattern) || pattern === "") return UNKNOWN;
  return all ? value.replaceAll(pattern, () => by) : value.replace(pattern, () => by);
}

function slice(value: string, offset: string, length: string | undefined): string {
  const start = Number(offset);
  const count = length === undefined ? value.length : Number(length);
  if (!Number.isInteger(start) || !Number.isInteger(count) || count < 0) return UNKNOWN;
  return value.slice(start).slice(0, count);
}

function remove(value: string, pattern: string, operator: string): string {
  if (!isKnown(pattern)) return UNKNOWN;
  if (operator.startsWith("#")) return value.startsWith(pattern) ? value.slice(pattern.length) : value;
  return value.endsWith(pattern) ? value.slice(0, value.length - pattern.length) : value;
}

function changeCase(value: string, operator: string): string {
  const change = (text: string): string => (operator.startsWith("^") ? text.toUpperCase() : text.toLowerCase());
  return operator.length === 2 ? change(value) : change(value.slice(0, 1)) + value.slice(1);
}

/** Open pieces split at white space (and at a known IFS); quoted ones never. */
function split(all: readonly Piece[], scope: Scope): string[] {
  const ifs = scope.vars.get("IFS")?.[0] ?? " \t\n";
  const breaks = isKnown(ifs) ? new Set(ifs) : new Set(" \t\n");
  const fields: string[] = [];
  let field: string | undefined;
  const close = (): void => {
    if (field !== undefined) fields.push(field);
    field = undefined;
  };
  for (const piece of all) {
    if (piece.next === true) close();
    if (!piece.open) {
      field = (field ?? "") + piece.text;
      continue;
    }
    for (const char of piece.text) {
      if (breaks.has(char)) close();
      else field = (field ?? "") + globbed(char);
    }
  }
  close();
  return fields;
}

function globbed(char: string): string {
  if (char === "*") return ANY;
  return char === "?" ? ANY_ONE : char;
}
