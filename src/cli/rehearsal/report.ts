// What a rehearsal tells: for people as a table, for machines as JSON. `demesne rehearse --report FILE` writes it.
import { z } from "zod";
import { Check } from "../../verify/index.ts";

const Reason = z.strictObject({
  ref: z.string().meta({ description: "The resource, `kind:id`" }),
  reason: z.string().meta({ description: "Why a twin cannot have it" }),
});

const Skipped = z.strictObject({
  service: z.string().meta({ description: "Name of the service" }),
  reason: z.string().meta({ description: "Why it was not run" }),
});

const Difference = z.strictObject({
  what: z.string().meta({ description: "What differs" }),
  real: z.string().meta({ description: "On the real host" }),
  twin: z.string().meta({ description: "On the twin" }),
});

const Duration = z.strictObject({
  step: z.string().meta({ description: "Title of the step" }),
  seconds: z.number().meta({ description: "How long it took" }),
});

const Versions = z.strictObject({
  demesne: z.string().meta({ description: "Of Demesne" }),
  node: z.string().meta({ description: "Of Node" }),
  ansibleCore: z.string().meta({ description: "Of ansible-core" }),
  python: z.string().meta({ description: "Of this machine's Python, on which Ansible ran" }),
});

export const HostReport = z.strictObject({
  host: z.string().meta({ description: "Host id" }),
  planned: z.number().meta({ description: "Changes of the first plan" }),
  applied: z.number().meta({ description: "Changes that were made" }),
  left: z.number().meta({ description: "Changes and refusals of the plan afterwards; 0 when the host is as wanted" }),
  steps: z.number().meta({ description: "Ansible tasks that ran" }),
  notRehearsed: z.array(Reason).meta({ description: "Resources that a twin cannot have" }),
  skippedServices: z.array(Skipped).meta({ description: "Services that were not run" }),
  overlay: z.array(Difference).meta({ description: "How the twin differs from the real host" }),
  verify: z.array(Check).meta({ description: "What was checked from outside" }),
  os: z.string().meta({ description: "The twin's own os-release" }),
  python: z.string().meta({ description: "The twin's Python" }),
});
export type HostReport = z.infer<typeof HostReport>;

export const Report = z.strictObject({
  format: z.literal(1).meta({ description: "Version of this format" }),
  verdict: z.enum(["pass", "fail"]).meta({ description: "Pass: applied, nothing left, no check failed" }),
  estate: z.string().meta({ description: "Name of the estate" }),
  profile: z.string().meta({ description: "The profile in force" }),
  hosts: z.array(HostReport).meta({ description: "One for each host that was rehearsed" }),
  dormant: z.array(z.string()).meta({ description: "Hosts of the estate that are not live" }),
  durations: z.array(Duration).meta({ description: "Each step and its time, in order" }),
  versions: Versions.meta({ description: "What it ran with" }),
});
export type Report = z.infer<typeof Report>;

/** Pass means: applied, nothing left, and no check failed. A skipped check is said, and does not fail. */
export function verdictOf(hosts: readonly HostReport[]): Report["verdict"] {
  const isGood = (each: HostReport): boolean =>
    each.left === 0 && each.verify.every((check) => check.result !== "fail");
  return hosts.length > 0 && hosts.every(isGood) ? "pass" : "fail";
}
