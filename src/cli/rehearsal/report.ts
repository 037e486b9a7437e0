// What a rehearsal tells: for people as a table, for machines as JSON. `demesne rehearse --report FILE` writes it.
import { z } from "zod";
import { Check } from "../../verify/index.ts";

const Reason = z.strictObject({ ref: z.string(), reason: z.string() });

export const HostReport = z.strictObject({
  host: z.string(),
  planned: z.number().meta({ description: "Changes of the first plan" }),
  applied: z.number(),
  left: z.number().meta({ description: "Changes and refusals of the plan afterwards; 0 when the host is as wanted" }),
  steps: z.number().meta({ description: "Ansible tasks that ran" }),
  notRehearsed: z.array(Reason).meta({ description: "Resources that a twin cannot have" }),
  skippedServices: z.array(z.strictObject({ service: z.string(), reason: z.string() })),
  overlay: z
    .array(z.strictObject({ what: z.string(), real: z.string(), twin: z.string() }))
    .meta({ description: "How the twin differs from the real host" }),
  verify: z.array(Check),
  os: z.string().meta({ description: "The twin's own os-release" }),
  python: z.string().meta({ description: "The twin's Python" }),
});
export type HostReport = z.infer<typeof HostReport>;

export const Report = z.strictObject({
  format: z.literal(1),
  verdict: z.enum(["pass", "fail"]),
  estate: z.string(),
  profile: z.string(),
  hosts: z.array(HostReport),
  dormant: z.array(z.string()).meta({ description: "Hosts of the estate that are not live" }),
  durations: z.array(z.strictObject({ step: z.string(), seconds: z.number() })),
  versions: z.strictObject({ demesne: z.string(), node: z.string(), ansibleCore: z.string(), python: z.string() }),
});
export type Report = z.infer<typeof Report>;

/** Pass means: applied, nothing left, and no check failed. A skipped check is said, and does not fail. */
export function verdictOf(hosts: readonly HostReport[]): Report["verdict"] {
  const isGood = (each: HostReport): boolean =>
    each.left === 0 && each.verify.every((check) => check.result !== "fail");
  return hosts.length > 0 && hosts.every(isGood) ? "pass" : "fail";
}
