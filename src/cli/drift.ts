// demesne drift: has any host moved away from what the estate wants? One look, an exit code of its own, nothing changed.
import { z } from "zod";
import { loadEstate, type Estate } from "../estate/index.ts";
import type { HostPlan } from "../plan/index.ts";
import { command, type Context } from "./command.ts";
import { estateSecrets } from "./estate-secrets.ts";
import type { ExitName } from "./exit.ts";
import { addressOf, hostsOf, planOneHost, withHost } from "./host-plan.ts";
import { lookAtItself } from "./local-drift.ts";
import { writeWhole } from "./write-whole.ts";

const DriftOptions = z.strictObject({
  host: z.string().optional().meta({ description: "only this host", placeholder: "id" }),
  local: z
    .string()
    .optional()
    .meta({ description: "this machine is the host of this id: look at it as root, without ssh", placeholder: "id" }),
  report: z
    .string()
    .optional()
    .meta({ description: "also write the answer into this file, as JSON", placeholder: "file" }),
  json: z.boolean().optional().meta({ description: "print as JSON" }),
});
type Options = z.infer<typeof DriftOptions>;

export const drift = command({
  name: "drift",
  summary: "tell whether any host has moved away from what the estate wants",
  arguments: [{ name: "estate", description: "the estate's folder", default: "." }],
  options: DriftOptions,
  exits: ["done", "drifted", "usage", "estate", "prerequisite", "unreachable", "failed", "secret", "interrupted"],
  run: runDrift,
});

async function runDrift(
  { signal, out }: Context,
  [folder = "."]: readonly string[],
  options: Options,
): Promise<ExitName> {
  const estate = await loadEstate(folder, { signal });
  const hosts = await (options.local === undefined
    ? overSsh(estate, options, signal)
    : here(estate, options.local, signal));
  const report = `${JSON.stringify({ format: 1, at: new Date().toISOString(), estate: estate.name, hosts })}\n`;
  if (options.report !== undefined) await writeWhole(options.report, report);
  if (options.json === true) out(report);
  else for (const each of hosts) out(line(each));
  return hosts.some((each) => each.drifted.length > 0) ? "drifted" : "done";
}

type Drift = {
  readonly host: string;
  readonly drifted: readonly string[];
  /** What is made of secrets, which a host that looks at itself cannot open. */
  readonly notCompared: readonly string[];
};

async function overSsh(estate: Estate, { host: only }: Options, signal: AbortSignal): Promise<Drift[]> {
  const chosen = hostsOf(estate, only);
  const secrets = await estateSecrets(estate, signal);
  const plans = await Promise.all(
    chosen.map(async (host) => {
      const input = { estate, host, secrets, skipped: new Map<string, string>(), isTwin: false, signal };
      return await withHost(addressOf(host), async (ssh) => await planOneHost({ ...input, ssh }));
    }),
  );
  return plans.map((plan) => driftOf(plan, []));
}

async function here(estate: Estate, id: string, signal: AbortSignal): Promise<Drift[]> {
  const hosts = hostsOf(estate, id);
  return await Promise.all(
    hosts.map(async (host) => {
      const { plan, notCompared } = await lookAtItself(estate, host, signal);
      return driftOf(plan, notCompared);
    }),
  );
}

function driftOf({ host, changes, refusals, waiting }: HostPlan, notCompared: readonly string[]): Drift {
  const refs = [...new Set([...changes, ...refusals, ...waiting].map((each) => each.ref))];
  return { host, drifted: refs.filter((ref) => !notCompared.includes(ref)), notCompared };
}

function line({ host, drifted, notCompared }: Drift): string {
  const found = drifted.length === 0 ? "as wanted" : `${drifted.length} drifted: ${drifted.join(", ")}`;
  const left = notCompared.length === 0 ? "" : ` (${notCompared.length} made of secrets, not compared)`;
  return `${host}: ${found}${left}\n`;
}
