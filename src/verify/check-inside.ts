// The checks that need the inside of a disposable host: its containers, its tiers, and the same again after Docker restarts.
import { setTimeout as sleep } from "node:timers/promises";
import { attempt, failed, skipped, type About, type Check } from "./check.ts";
import { checkManagement, MANAGEMENT } from "./check-management.ts";
import { checkFirewall, checkServices, FIREWALL, SERVICES } from "./check-posture.ts";
import { checkDirectRoute, checkPublished, DIRECT_ROUTE, type Publishing } from "./check-published.ts";
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
  /** Whether all is looked at again after Docker was restarted; so it is unless it is said. */
  readonly restartDocker?: boolean;
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
    : skipped(about(FIREWALL), "the firewall role is not on this host");
  const containers = about("containers and tiers");
  if (!expectation.roles.includes("docker"))
    return [firewall, skipped(containers, "the docker role is not on this host")];
  const services = await attempt(about(SERVICES), () => checkServices(inside, expectation, signal));
  const management = await attempt(about(MANAGEMENT), () => checkManagement(inside, expectation, signal));
  const { probeImage } = inside;
  const probed =
    probeImage === undefined
      ? [skipped(containers, "there is no image for probe containers")]
      : await attempt(containers, () => probing(request, { ...inside, probeImage }));
  return [firewall, ...services, ...management, ...probed];
}

function about(name: string): About {
  return { name, from: "inside" };
}

/** The containers stay over the restart: what Docker sets up for them is then made anew, and must be as closed. */
async function probing(request: InsideRequest, inside: Inside & { readonly probeImage: string }): Promise<Check[]> {
  const { expectation, signal } = request;
  return await withProbes(
    inside,
    plansFor(expectation),
    async (probes) => {
      const publishing: Publishing = {
        ...request,
        probes: probes.filter(({ network }) => network !== EGRESS_NETWORK),
        published: expectation.tiers.map((_, index) => EVERYWHERE + index),
        listening: portsFor(expectation),
      };
      const before = await published(publishing, request.from);
      const tiered = await tiers(request, probes);
      const after = request.restartDocker === false ? [] : await afterRestart(request, publishing);
      return [...before, ...tiered, ...after];
    },
    signal,
  );
}

async function published(publishing: Publishing, from: readonly Vantage[]): Promise<Check[]> {
  const checks: Check[] = [];
  for (const vantage of from) checks.push(await checkPublished(vantage, publishing));
  const beside = from.filter(({ routeThroughHost }) => routeThroughHost !== undefined);
  for (const vantage of beside) checks.push(await checkDirectRoute(vantage, publishing));
  if (beside.length > 0) return checks;
  return [...checks, skipped(about(DIRECT_ROUTE), "nobody who looks can set a route through the host")];
}

async function tiers(request: InsideRequest, probes: readonly Probe[]): Promise<Check[]> {
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

async function afterRestart(request: InsideRequest, publishing: Publishing): Promise<Check[]> {
  const { inside, expectation, signal } = request;
  const argv = ["systemctl", "restart", "docker.service"];
  const { status, stderr } = await inside.exec(argv, { timeoutMs: RESTART_MS, signal });
  if (status !== 0) {
    const why = stderr.trim().split("\n").at(-1) ?? "";
    return [failed({ name: "docker restarts", from: "inside" }, `systemctl ended with ${status}: ${why}`)];
  }
  const services = await untilWell(inside, expectation, signal);
  const firewall = await checkFirewall(inside, signal);
  return [services, firewall, ...(await published(publishing, request.from))].map(later);
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
