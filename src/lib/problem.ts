// The one error an operator is meant to see. Everything else that is thrown is a bug in Demesne.

/** The groups of expected failure; each has its own exit code (cli/exit.ts). */
export type ProblemCode =
  | "usage"
  | "estate"
  | "prerequisite"
  | "unreachable"
  | "refused"
  | "stale"
  | "failed"
  | "unhealthy"
  | "interrupted"
  | "secret"
  | "ledger"
  | "policy";

export type ProblemParts = {
  readonly code: ProblemCode;
  /** Where it is: `estate.yaml:12 services/web/port`, a host id, a command. */
  readonly where: string;
  /** What is wrong, lower case, no full stop: `should be 1-65535, got 99999`. */
  readonly what: string;
  /** A command or an edit that mends it. */
  readonly fix: string;
  readonly cause?: unknown;
};

/**
 * An expected failure, told so that the reader can mend it.
 * Printed as `where: what`, then `fix: ...`.
 */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly where: string;
  readonly what: string;
  readonly fix: string;

  constructor(parts: ProblemParts) {
    super(`${parts.where}: ${parts.what}`, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = "Problem";
    this.code = parts.code;
    this.where = parts.where;
    this.what = parts.what;
    this.fix = parts.fix;
  }
}
