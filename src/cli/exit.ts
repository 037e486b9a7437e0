// The one table of exit codes. Every command's help prints the ones it can end with.
import type { ProblemCode } from "../lib/problem.ts";

export const exits = {
  done: { code: 0, means: "done, or nothing to do" },
  bug: { code: 1, means: "a bug in Demesne: please report it" },
  changes: { code: 2, means: "there are changes to make" },
  usage: { code: 3, means: "the command line is wrong" },
  estate: { code: 4, means: "the estate is wrong: file, line and fix are named" },
  prerequisite: { code: 5, means: "something is missing on this machine or on a host" },
  unreachable: { code: 6, means: "a host does not answer, or is not the right one" },
  refused: { code: 7, means: "something is there that Demesne must not touch" },
  stale: { code: 8, means: "the host or the estate has changed since the plan was made" },
  failed: { code: 9, means: "a step failed half-way; a new plan holds what is left" },
  unhealthy: { code: 10, means: "it ran, and the result is not as wanted" },
  secret: { code: 11, means: "a secret cannot be opened, or stands where it must not" },
  ledger: { code: 12, means: "the ledger is damaged or cannot be written" },
  policy: { code: 13, means: "a policy forbids it" },
  drifted: { code: 14, means: "a host is not as the estate wants it" },
  interrupted: { code: 130, means: "stopped by Ctrl-C or a signal; everything was cleaned up" },
} as const satisfies Record<
  ProblemCode | "done" | "bug" | "changes" | "drifted",
  { readonly code: number; readonly means: string }
>;

export type ExitName = keyof typeof exits;
