// The shape of a rule: a program's name to what a call of it does.
import type { Call } from "./call.ts";
import type { Scope } from "./scope.ts";

/** What rules need of the walker, given to them so that they need not know it. */
export type Tools = {
  /** Judges shell text; answers its output. */
  readonly script: (text: string, scope: Scope, stdin?: string) => string;
  /** Judges another command, a wrapper's for one; answers its output. */
  readonly call: (call: Call, scope: Scope) => string;
};

/** Reports what it finds. Answers the call's output where that can be known; undefined is "anything". */
export type Rule = (call: Call, scope: Scope, tools: Tools) => string | undefined;

export type Rules = Readonly<Record<string, Rule>>;
