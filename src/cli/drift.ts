// demesne drift: has any host moved away from what the estate wants? One look, an exit code of its own, nothing changed.
import { z } from "zod";
import { loadEstate } from "../estate/index.ts";
import type { HostPlan } from "../plan/index.ts";
import { command, type Context } from "./command.ts";
import { estateSecrets } from "./estate-secrets.ts";
import type { ExitName } from "./exit.ts";
import { addressOf, hostsOf, planOneHost, withHost } from "./host-plan.ts";

const DriftOptions = z.strictObject({
  host: z.string().optional().meta({ description: "only this host", placeholder: "id" }),
  json: z.boolean().optional().meta({ description: "print as JSON" }),
});

export const drift = command({
  name: "drift",
  summary: "tell whether any host has moved away from what the estate wants",
  arguments: [{ name: "estate", description: "the estate's folder", default: "." }],
  options: DriftOptions,
  exits: ["done", "drifted", "usage", "estate", "prerequisite", "unreachable", "secret", "interrupted"],
  run: runDrift,
});

async function runDrift(
  context: Context,
  [folder = "."]: readonly string[],
  options: z.infer<typeof DriftOptions>,
): Promise<ExitName> {
  const { signal, out } = context;
  const estate = await loadEstate(folder, { signal });
  const chosen = hostsOf(estate, options.host);
  const secrets = await estateSecrets(estate, signal);
  const plans = await Promise.all(
    chosen.map(async (host) => {
      const input = { estate, host, secrets, skipped: new Map<string, string>(), isTwin: false, signal };
      return await withHost(addressOf(host), async (ssh) => await planOneHost({ ...input, ssh }));
    }),
  );
  const hosts = plans.map(driftOf);
  if (options.json === true) out(`${JSON.stringify({ format: 1, hosts })}\n`);
  else for (const each of hosts) out(line(each));
  return hosts.some((each) => each.drifted.length > 0) ? "drifted" : "done";
}

function driftOf({ host, changes, refusals, waiting }: HostPlan) {
  return { host, drifted: [...changes, ...refusals, ...waiting].map((each) => each.ref) };
}

function line({ host, drifted }: ReturnType<typeof driftOf>): string {
  return drifted.length === 0 ? `${host}: as wanted\n` : `${host}: ${drifted.length} drifted: ${drifted.join(", ")}\n`;
}
