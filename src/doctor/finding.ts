// One thing that doctor looked at: how it is, and what mends it.
import { Problem } from "../lib/problem.ts";

/** ok: as it should be. note: not needed for every job. warning: works, should be mended. error: stands in the way. */
export type Level = "ok" | "note" | "warning" | "error";

export type Finding = {
  readonly level: Level;
  /** What was looked at: `git`, `age identity`, `python3 on the host`. */
  readonly subject: string;
  /** How it is. */
  readonly what: string;
  /** A command or an edit that mends it; nothing to mend where it is ok. */
  readonly fix?: string;
};

export function ok(subject: string, what: string): Finding {
  return { level: "ok", subject, what };
}

export function bad(level: Exclude<Level, "ok">, subject: string, what: string, fix: string): Finding {
  return { level, subject, what, fix };
}

/** What `look` finds; a Problem that it throws is a finding too. Anything else is a bug and passes. */
export async function looked(
  subject: string,
  look: () => Promise<readonly Finding[]>,
  level: Exclude<Level, "ok"> = "error",
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof Problem) || error.code === "interrupted") throw error;
    return [bad(level, subject, error.where === subject ? error.what : `${error.where}: ${error.what}`, error.fix)];
  }
}
