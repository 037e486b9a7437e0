// The outside-in checks of one twin: its ports, its tiers, its sshd, its services.
import type { Estate, EstateHost } from "../../estate/index.ts";
import { joinNeighbour, type Twin } from "../../lab/index.ts";
import { run } from "../../lib/run.ts";
import { expected, verifyHost, type Check, type Inside, type Vantage } from "../../verify/index.ts";
import type { Context } from "../command.ts";
import type { SecretStore } from "../secret-store.ts";
import { checkGateway } from "./gateway-check.ts";
import { checkGatewayConfinement } from "./gateway-confinement-check.ts";
import { checkGatewayKeys } from "./gateway-keys-check.ts";
import { checkGatewayPrivacy } from "./gateway-privacy-check.ts";
import type { Worker } from "./worker.ts";

export type VerifyTwinInput = {
  readonly context: Context;
  readonly estate: Estate;
  readonly host: EstateHost;
  readonly secrets: SecretStore;
  readonly twin: Twin;
  readonly worker: Worker;
  /** Services that the rehearsal leaves out, with the reason. */
  readonly skipped: ReadonlyMap<string, string>;
};

export async function verifyTwin(input: VerifyTwinInput): Promise<Check[]> {
  const { context, estate, host, twin, skipped } = input;
  const gateway = await gatewayChecks(input);
  const probeImage = gatewayImage(estate);
  const inside: Inside = {
    exec: async (argv, options) => await twin.exec(argv, options),
    ...(probeImage === undefined ? {} : { probeImage }),
  };
  const outside = await verifyHost({
    expectation: expected(estate, host, skipped),
    ssh: twin.address,
    address4: twin.address4,
    address6: twin.address6,
    from: await vantages(twin),
    inside,
    progress: { step: context.progress.detail, detail: context.progress.detail },
    signal: context.signal,
  });
  return [...gateway, ...outside];
}

/** This machine, which may use ssh, and a neighbour on the same wire, which may use nothing. */
async function vantages(twin: Twin): Promise<Vantage[]> {
  const neighbour = await joinNeighbour(twin);
  return [
    { name: "this machine", run: async (argv, options) => await run(argv, options) },
    {
      name: "neighbour",
      run: async (argv, options) => await neighbour.run(argv, options),
      routeThroughHost: async (network) => await neighbour.routeThroughTwin(network),
    },
  ];
}

async function gatewayChecks({ estate, host, secrets, twin, worker }: VerifyTwinInput): Promise<Check[]> {
  const gateway = estate.services.find(
    (each) => each.host === host.id && each.name === "gateway" && each.state === "live",
  );
  const port = gateway?.ports[0]?.publish?.port;
  const [model] = Object.keys(estate.seam.model.names);
  const { secret } = estate.seam.model;
  if (port === undefined || model === undefined || secret === undefined) return [];
  const live = estate.services.filter((each) => each.state === "live");
  const serviceKeys = live.flatMap(({ keys }) => keys.map(({ from }) => secrets.open(from)));
  const inTwin = {
    exec: async (...args: Parameters<Twin["exec"]>) => await twin.exec(...args),
    container: "gateway-gateway-1",
    port,
  };
  const isLocal = estate.seam.model.residency === "local";
  return [
    await checkGateway({ ...inTwin, model, upstreamKey: secrets.open(secret), serviceKeys, worker }),
    ...(await checkGatewayKeys({ ...inTwin, model, isLocal })),
    ...(isLocal ? [] : [await checkGatewayPrivacy({ ...inTwin, model, worker })]),
    await checkGatewayConfinement(inTwin),
  ];
}

function gatewayImage(estate: Estate): string | undefined {
  const images = estate.services.flatMap(({ containers }) => containers.map(({ image }) => image));
  const built = images.find((image) => image.kind === "build");
  return built?.ref === undefined ? undefined : `${built.ref}@${built.digest}`;
}
