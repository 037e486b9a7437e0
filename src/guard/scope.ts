// What is known while a command is walked through: variables, folder, functions, files written on the way, and what has
// been found. A subshell gets a copy; findings and the budget are shared.
import type { Function as ShellFunction } from "unbash";
import type { Finding, Verdict } from "./decision.ts";
import type { World } from "./world.ts";

export type Scope = {
  readonly world: World;
  /** Undefined once a `cd` goes somewhere unknown. */
  cwd: string | undefined;
  readonly vars: Map<string, readonly string[]>;
  readonly functions: Map<string, ShellFunction["body"]>;
  readonly aliases: Map<string, string>;
  /** Files that the command itself writes, with their text where it is known. */
  readonly written: Map<string, string>;
  readonly findings: Finding[];
  /** On another machine or in a container: paths are not this machine's, the estate is not there. */
  readonly isRemote: boolean;
  readonly depth: number;
  readonly budget: { work: number };
};

const MAX_DEPTH = 40;
/** Commands, and arguments looked at. A hook that takes seconds is worse than a question. */
const MAX_WORK = 30_000;
const MAX_TEXT = 131_072;

/** Thrown when a command is nested or long beyond what can be judged; the hook denies. */
export class TooDeep extends Error {}

export function openScope(world: World, cwd: string): Scope {
  return {
    world,
    cwd,
    vars: new Map([
      ["HOME", [world.home]],
      ["PWD", [cwd]],
      // The client itself; as good as the first of all processes.
      ["PPID", ["1"]],
      ["CLAUDE_PROJECT_DIR", [world.root]],
    ]),
    functions: new Map(),
    aliases: new Map(),
    written: new Map(),
    findings: [],
    isRemote: false,
    depth: 0,
    budget: { work: MAX_WORK },
  };
}

/** A copy one level deeper, as a subshell has it. */
export function inner(scope: Scope, changes: Partial<Scope> = {}): Scope {
  if (scope.depth >= MAX_DEPTH) throw new TooDeep("nested too deep");
  return {
    ...scope,
    vars: new Map(scope.vars),
    functions: new Map(scope.functions),
    aliases: new Map(scope.aliases),
    depth: scope.depth + 1,
    ...changes,
  };
}

export function spend(scope: Scope): void {
  scope.budget.work -= 1;
  if (scope.budget.work < 0) throw new TooDeep("too many commands");
}

export function setVariable(scope: Scope, name: string, values: readonly string[]): void {
  if (values.some((value) => value.length > MAX_TEXT)) throw new TooDeep("a variable too long");
  scope.vars.set(name, values);
}

export function report(scope: Scope, verdict: Verdict, rule: string, what: string): void {
  scope.findings.push({ verdict, rule, what });
}
