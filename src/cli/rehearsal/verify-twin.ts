// The outside-in checks of one twin: its ports, its tiers, its sshd, its services.
import type { Estate, EstateHost } from "../../estate/index.ts";
import type { Twin } from "../../lab/index.ts";
import type { Context } from "../command.ts";
import type { SecretStore } from "../secret-store.ts";
import { checkGateway } from "./gateway-check.ts";
import type { Check } from "./report.ts";
import type { Worker } from "./worker.ts";

export type VerifyTwinInput = {
  readonly context: Context;
  readonly estate: Estate;
  readonly host: EstateHost;
  readonly secrets: SecretStore;
  readonly twin: Twin;
  readonly worker: Worker;
};

export async function verifyTwin({ estate, host, secrets, twin, worker }: VerifyTwinInput): Promise<Check[]> {
  const checks: Check[] = [];
  const gateway = estate.services.find(
    (each) => each.host === host.id && each.name === "gateway" && each.state === "live",
  );
  const port = gateway?.ports[0]?.publish?.port;
  const [model] = Object.keys(estate.seam.model.names);
  if (port !== undefined && model !== undefined && estate.seam.model.secret !== undefined) {
    const upstreamKey = secrets.open(estate.seam.model.secret);
    checks.push(
      await checkGateway({ exec: twin.exec, container: "gateway-gateway-1", port, model, upstreamKey, worker }),
    );
  }
  return checks;
}
