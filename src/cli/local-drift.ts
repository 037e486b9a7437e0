// A host that looks at itself: as root, without ssh, without any key and without the estate's secrets. What is made of a
// secret it cannot compare, and says so.
import { canonicalJson } from "../lib/canonical-json.ts";
import type { Estate, EstateHost } from "../estate/index.ts";
import { localHost } from "../host/index.ts";
import { Problem } from "../lib/problem.ts";
import type { HostPlan } from "../plan/index.ts";
import { planOneHost, wantedOf } from "./host-plan.ts";
import { sealedSecrets } from "./secret-store.ts";

export type LocalDrift = { readonly plan: HostPlan; readonly notCompared: readonly string[] };

/** Throws Problem `prerequisite` where this is not root's process. */
export async function lookAtItself(estate: Estate, host: EstateHost, signal: AbortSignal): Promise<LocalDrift> {
  if (process.getuid?.() !== 0) throw notRoot();
  const input = { estate, host, skipped: new Map<string, string>(), isTwin: false };
  const [one, other] = ["one", "other"].map((mark) => {
    const { resources } = wantedOf({ ...input, secrets: sealedSecrets(mark) });
    return new Map(resources.map((each) => [each.ref, canonicalJson(JSON.parse(JSON.stringify(each.wanted)))]));
  });
  // What changes with the secrets is made of them.
  const sealed = [...(one ?? [])].filter(([ref, text]) => other?.get(ref) !== text).map(([ref]) => ref);
  const ssh = localHost(host.id);
  const plan = await planOneHost({ ...input, secrets: sealedSecrets("one"), ssh, signal });
  return { plan, notCompared: sealed };
}

function notRoot(): Problem {
  return new Problem({
    code: "prerequisite",
    where: "drift --local",
    what: "looks at what only root may see",
    fix: "run it as root, as the unit demesne-drift.service does",
  });
}
