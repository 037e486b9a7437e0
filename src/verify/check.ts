// One thing that was looked at from outside, and what came of it. A check that could not run never counts as passed.
import * as z from "zod";
import { Problem } from "../lib/problem.ts";

export const Check = z.strictObject({
  name: z.string().meta({ description: "what was checked", examples: ["tcp over ipv4"] }),
  from: z.string().meta({ description: "the position it was checked from", examples: ["neighbour"] }),
  result: z
    .enum(["pass", "fail", "skipped"])
    .meta({ description: "skipped: it could not run, for the reason in detail" }),
  counts: z
    .record(z.string(), z.int().nonnegative())
    .meta({ description: "what was counted", examples: [{ open: 1, expectedOpen: 1, closed: 65534 }] }),
  detail: z.string().meta({ description: "one sentence" }),
  evidence: z.array(z.string()).meta({ description: "what was seen, as it was seen" }),
});
export type Check = z.infer<typeof Check>;

export type About = Pick<Check, "name" | "from">;
type Seen = Partial<Pick<Check, "counts" | "evidence">>;

export function passed(about: About, detail: string, seen: Seen = {}): Check {
  return { ...about, result: "pass", counts: {}, evidence: [], ...seen, detail };
}

export function failed(about: About, detail: string, seen: Seen = {}): Check {
  return { ...about, result: "fail", counts: {}, evidence: [], ...seen, detail };
}

export function skipped(about: About, reason: string, seen: Seen = {}): Check {
  return { ...about, result: "skipped", counts: {}, evidence: [], ...seen, detail: reason };
}

/** A check that breaks off for an expected reason has failed; the others still run. */
export async function attempt(about: About, check: () => Promise<Check | readonly Check[]>): Promise<Check[]> {
  try {
    return [await check()].flat();
  } catch (error) {
    if (error instanceof Problem) return [failed(about, `it broke off: ${error.message}`)];
    throw error;
  }
}
