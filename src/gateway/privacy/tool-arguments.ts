// Brings values back into what a tool is called with, unless the tool would carry them away.
import type { JsonObject } from "../json.ts";
import { Refusal } from "../refusal.ts";
import { BareNumbers } from "./bare-numbers.ts";
import type { Citations } from "./citations.ts";
import type { PrivacyPolicy } from "./policy.ts";
import type { Pseudonyms } from "./pseudonyms.ts";
import { restored, Restorer } from "./restorer.ts";

export type Returning = {
  readonly policy: PrivacyPolicy;
  readonly pseudonyms: Pseudonyms;
  readonly citations: Citations;
};

/** The arguments of one call, as JSON text in pieces. */
export class ToolArguments {
  readonly #tool: string;
  readonly #isShell: boolean;
  readonly #programs: readonly string[];
  readonly #restorer: Restorer;
  readonly #numbers: BareNumbers | undefined;
  /** Of a command everything, and what waits since a value came back: what it runs is known at its end. */
  #command = "";
  #waiting = "";
  #hasValue = false;

  constructor(tool: string, returning: Returning) {
    this.#tool = tool;
    const { policy, pseudonyms } = returning;
    this.#isShell = isAmong(policy.shellTools, tool);
    this.#programs = policy.networkPrograms;
    this.#numbers = pseudonyms.hasNumbers ? new BareNumbers() : undefined;
    const isNetwork = isAmong(policy.networkTools, tool);
    this.#restorer = new Restorer({
      pseudonyms,
      form: "json",
      onTheWayOut: () => refuse(tool, "a URL or a host name"),
      onRestored: () => {
        this.#hasValue = true;
        if (isNetwork) refuse(tool, "a tool that reaches the network");
      },
    });
  }

  push(piece: string): string {
    const text = this.#bare(this.#restorer.push(piece));
    if (!this.#isShell) return text;
    this.#command += piece;
    return this.#hold(text);
  }

  end(): string {
    const text = this.#bare(this.#restorer.end()) + (this.#numbers?.end() ?? "");
    if (!this.#isShell) return text;
    const rest = this.#waiting + text;
    this.#waiting = "";
    if (this.#hasValue && namesProgram(this.#command, this.#programs))
      refuse(this.#tool, "a command that reaches the network");
    return rest;
  }

  #bare(text: string): string {
    return this.#numbers?.push(text) ?? text;
  }

  #hold(text: string): string {
    if (!this.#hasValue) return text;
    this.#waiting += text;
    return "";
  }
}

function refuse(tool: string, where: string): never {
  throw new Refusal("policy_blocked", `${tool.slice(0, 80)}: a personal value may not go into ${where}`);
}

/** The same for arguments that have come whole. */
export function restoredInput(input: JsonObject, tool: string, returning: Returning): JsonObject {
  const text = JSON.stringify(input);
  const args = new ToolArguments(tool, returning);
  const clear = args.push(text) + args.end();
  if (clear === text) return input;
  const value: JsonObject = JSON.parse(clear);
  return value;
}

/** Texts, and whatever else is shown and not run: a value that would stand in a URL stays a pseudonym there. */
export function restoredText(text: string, { pseudonyms }: Returning): string {
  return restored(text, { pseudonyms, form: "text", onTheWayOut: () => {} });
}

export function textRestorer({ pseudonyms }: Returning): Restorer {
  return new Restorer({ pseudonyms, form: "text", onTheWayOut: () => {} });
}

/** Whether one of the patterns is this name, in whatever case. `*` stands for anything. */
function isAmong(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matches(pattern.toLowerCase().split("*"), name.toLowerCase()));
}

function matches(parts: readonly string[], name: string): boolean {
  const [first = "", ...others] = parts;
  const last = others.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  for (const part of others) {
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}

/** Words of the command, also behind a path, a quote or an escape. */
function namesProgram(command: string, programs: readonly string[]): boolean {
  const words = new Set(command.toLowerCase().split(/\\[nrt]|[^\w]+/));
  return programs.some((program) =>
    program.includes("/") ? command.includes(program) : words.has(program.toLowerCase()),
  );
}
