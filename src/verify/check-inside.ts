// The checks that need the inside of a disposable host: its containers, its tiers, and the same again after Docker restarts.
import { setTimeout as sleep } from "node:timers/promises";
import { attempt, failed, skipped, type Check } from "./check.ts";
import { checkManagement, MANAGEMENT } from "./check-management.ts";
import { checkFirewall, checkServices } from "./check-posture.ts";
import { checkDirectRoute, checkPublished } from "./check-published.ts";
import { checkEgress, checkGatewayTier, EGRESS_NETWORK, networkOf } from "./check-tiers.ts";
import type { Expectation } from "./expectation.ts";
import { withProbes, type Probe, type ProbePlan } from "./probe-containers.ts";
import type { Target } from "./programs.ts";
import type { Inside, Vantage } from "./vantage.ts";

export type InsideRequest = {
  readonly expectation: Expectation;
  readonly targets: readonly Target[];
  readonly from: readonly Vantage[];
  readonly inside: Inside;
  readonly signal?: AbortSignal | undefined;
};

const LISTEN = 38_000;
/** Where the probes publish: on every address, and on loopback. */
const EVERYWHERE = 38_080;
const LOOPBACK = 38_180;
const RESTART_MS = 60_000;

export async function checkInside(request: InsideRequest): Promise<Check[]> {
  const { expectation, inside, signal } = request;
  const firewall = expectation.roles.includes("firewall")
    ? await checkFirewall(inside, signal)
    : skipped({ name: "the firewall's table is loaded", from: "inside" }, "the firewall role is not on this host");
  const about = { name: "containers and tiers", from: "inside" };
  if (!expectation.roles.includes("docker")) return [firewall, skipped(about, "the docker role is not on this host")];
  const { probeImage } = inside;
  if (probeImage === undefined) return [firewall, skipped(about, "there is no image for probe containers")];
  const services = await attempt({ ...about, name: "services are healthy" }, () =>
    checkServices(inside, expectation, signal),
  );
  const probed = await attempt(about, () => probing({ ...request, inside: { ...inside, probeImage } }, true));
  const management = await attempt({ ...about, name: MANAGEMENT }, () => checkManagement(inside, expectation, signal));
  const restarted = await attempt({ ...about, name: "docker restarts" }, () => afterRestart(request, probeImage));
  return [firewall, ...services, ...probed, ...management, ...restarted];
}

type Probing = Omit<InsideRequest, "inside"> & { readonly inside: Inside & { readonly probeImage: string } };

async function probing(request: Probing, withTiers: boolean): Promise<Check[]> {
  const { inside, from, expectation, signal } = request;
  const plans = plansFor(expectation);
  return await withProbes(
    inside,
    plans,
    async (probes) => {
      const tierProbes = probes.filter(({ network }) => network !== EGRESS_NETWORK);
      const published = expectation.tiers.map((_, index) => EVERYWHERE + index);
      const checks: Check[] = [];
      const publishing = { ...request, probes: tierProbes, published, listening: portsFor(expectation) };
      for (const vantage of from) {
        checks.push(await checkPublished(vantage, publishing));
        checks.push(await checkDirectRoute(vantage, publishing));
      }
      return withTiers ? [...checks, ...(await tiers(request, probes))] : checks;
    },
    signal,
  );
}

async function tiers(request: Probing, probes: readonly Probe[]): Promise<Check[]> {
  // A neighbour's ports are all free; this machine's need not be.
  const outside = request.from.find(({ routeThroughHost }) => routeThroughHost !== undefined) ?? request.from[0];
  const gateway = await checkGatewayTier({ ...request, probes });
  return outside === undefined ? gateway : [...gateway, ...(await checkEgress(outside, { ...request, probes }))];
}

/** One of its own, and one that the estate opens on the host: that it is opened there must not open it here. */
function portsFor({ openings }: Expectation): readonly [number, number] {
  const tcp = openings.filter(({ proto }) => proto === "tcp");
  return [LISTEN, (tcp.find(({ of }) => of !== "host") ?? tcp[0])?.port ?? 22];
}

function plansFor(expectation: Expectation): ProbePlan[] {
  const ports = portsFor(expectation);
  const [, opened] = ports;
  return [
    ...expectation.tiers.map(({ name }, index) => ({
      network: networkOf(name),
      ports,
      publish: [
        `0.0.0.0:${EVERYWHERE + index}:${LISTEN}`,
        `[::]:${EVERYWHERE + index}:${LISTEN}`,
        `127.0.0.1:${LOOPBACK + index}:${opened}`,
      ],
    })),
    { network: EGRESS_NETWORK, ports: [LISTEN], publish: [] },
  ];
}

async function afterRestart(request: InsideRequest, probeImage: string): Promise<Check[]> {
  const { inside, expectation, signal } = request;
  const { status, stderr } = await inside.exec(["systemctl", "restart", "docker.service"], {
    timeoutMs: RESTART_MS,
    signal,
  });
  if (status !== 0) {
    const why = stderr.trim().split("\n").at(-1) ?? "";
    return [failed({ name: "docker restarts", from: "inside" }, `systemctl ended with ${status}: ${why}`)];
  }
  const services = await untilWell(inside, expectation, signal);
  const probed = await probing({ ...request, inside: { ...inside, probeImage } }, false);
  return [services, await checkFirewall(inside, signal), ...probed].map(later);
}

function later(check: Check): Check {
  return { ...check, name: `${check.name}, after a docker restart` };
}

async function untilWell(inside: Inside, expectation: Expectation, signal?: AbortSignal): Promise<Check> {
  const ends = performance.now() + RESTART_MS;
  let check = await checkServices(inside, expectation, signal);
  while (check.result === "fail" && performance.now() < ends) {
    await sleep(500, undefined, { signal });
    check = await checkServices(inside, expectation, signal);
  }
  return check;
}
