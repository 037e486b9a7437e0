// What a person has looked at and let pass: a reason and an expiry each, inline or in a baseline file.
import { z } from "zod";
import { parseDocument } from "yaml";
import { Problem } from "../lib/problem.ts";
import { plainData } from "./yaml-read.ts";

const Waiver = z.strictObject({
  fingerprint: z
    .string()
    .min(1)
    .meta({ description: "as the scan prints it", examples: ["src/a.ts:private-key:12"] }),
  reason: z.string().min(10).meta({ description: "why this is no secret, or no longer one" }),
  expires: z.iso.date().meta({ description: "last day on which the waiver counts", examples: ["2027-05-01"] }),
});
export const Baseline = z.strictObject({
  format: z.literal(1).meta({ description: "version of this file's format" }),
  waivers: z.array(Waiver).meta({ description: "findings that were looked at" }),
});
export type Baseline = z.infer<typeof Baseline>;
export type Pass = { readonly reason: string; readonly expires: string };

/** In the line of the finding: `demesne: allow-secret <reason> until 2027-05-01`. */
const INLINE = /demesne: allow-secret (?<reason>.{10,200}?) until (?<expires>\d{4}-\d\d-\d\d)(?!\d)/;

/** Reads a baseline file; throws Problem naming the line of a wrong entry. */
export function parseBaseline(text: string, where: string): Baseline {
  const document = parseDocument(text, { prettyErrors: false });
  const parsed = Baseline.safeParse(
    document.errors.length > 0 ? undefined : plainData(() => document.toJS({ maxAliasCount: 0 }), where),
  );
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue === undefined || issue.path.length === 0 ? "" : ` ${issue.path.join("/")}`;
  const what = (issue?.message ?? "is not a baseline").toLowerCase();
  throw new Problem({
    code: "usage",
    where: where + at,
    what,
    fix: "each waiver needs fingerprint, reason and expires",
  });
}

/** The waiver for a finding, whether it still counts or not. */
export function passFor(fingerprint: string, line: string, baseline: Baseline | undefined): Pass | undefined {
  const { reason, expires } = INLINE.exec(line)?.groups ?? {};
  if (reason !== undefined && expires !== undefined) return { reason, expires };
  return baseline?.waivers.find((waiver) => waiver.fingerprint === fingerprint);
}

/** `now` in milliseconds; the last day counts to its end, in UTC. */
export function hasExpired(pass: Pass, now: number): boolean {
  return now >= Date.parse(`${pass.expires}T00:00:00Z`) + 24 * 3600 * 1000;
}
