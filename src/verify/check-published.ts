// Containers that publish a port: on every address, and on loopback only. Neither is to be reached from outside unless
// the estate opens the port, not even by a neighbour that sends its packets straight to the container's address.
import { setTimeout as sleep } from "node:timers/promises";
import { failed, passed, skipped, type Check } from "./check.ts";
import { isOpen, type Expectation } from "./expectation.ts";
import type { Probe } from "./probe-containers.ts";
import { echoes, scan, type Scan, type Target } from "./programs.ts";
import { portsOf, rangesOf, showRanges } from "./ranges.ts";
import type { Inside, RunProgram, Vantage } from "./vantage.ts";

export type Publishing = {
  readonly expectation: Expectation;
  readonly targets: readonly Target[];
  readonly inside: Inside;
  readonly probes: readonly Probe[];
  /** Host ports that the probes publish on every address. */
  readonly published: readonly number[];
  /** Ports on which each of them listens. */
  readonly listening: readonly number[];
  readonly signal?: AbortSignal | undefined;
};

export const DIRECT_ROUTE = "a container published on 127.0.0.1 is closed to a neighbour with a route to it";

const PACE = { udp: [], answerMs: 250, window: 256 };
const START_MS = 15_000;

export async function checkPublished(vantage: Vantage, request: Publishing): Promise<Check> {
  const about = { name: "a container published on 0.0.0.0 is closed from outside", from: vantage.name };
  const { inside, targets, probes, published, signal } = request;
  const tcp = rangesOf(published);
  // Docker's proxy answers for a container that does not listen, so the containers themselves are asked too.
  const live = await liveness(request);
  const loopback: Target[] = [{ family: 4, address: "127.0.0.1" }];
  const [onLoopback] = await scan(inside.exec, { ...PACE, targets: loopback, tcp }, signal);
  const scans = await scan(vantage.run, { ...PACE, targets, tcp }, signal);
  const reached = scans.flatMap((each) => ports(each, "reached"));
  const seen = {
    counts: {
      asked: targets.length * published.length,
      closed: scans.flatMap((each) => ports(each, "silent")).length,
      reached: reached.length,
      live: live.answered,
    },
    evidence: [
      `published on the host: ${showRanges(tcp)}; from its loopback open: ${showRanges(onLoopback?.tcp.open ?? [])}`,
      ...scans.map(
        ({ family, tcp: { open, silent } }) =>
          `ipv${family}: open ${showRanges(open) || "none"}, silent ${showRanges(silent) || "none"}`,
      ),
    ],
  };
  if (reached.length > 0) return failed(about, `${reached.length} published port(s) are reached`, seen);
  if (live.answered < live.asked || live.asked === 0 || portsOf(onLoopback?.tcp.open ?? []).size < published.length)
    return failed(about, "a container did not answer on the host itself, so that silence proves nothing", seen);
  return passed(about, `${probes.length} containers listen, none of their ports is reached`, seen);
}

export async function checkDirectRoute(vantage: Vantage, request: Publishing): Promise<Check> {
  const about = {
    name: DIRECT_ROUTE,
    from: vantage.name,
  };
  const { expectation, targets, probes, listening, signal } = request;
  const networks = expectation.tiers.flatMap(({ network4, network6 }) => [network4, network6]);
  for (const network of networks.filter((each) => familiesOf(targets).has(familyOf(each))))
    await vantage.routeThroughHost?.(network);
  const doors = networks.map(firstOf).filter(({ family }) => familiesOf(targets).has(family));
  const answered = await echoes(vantage.run, doors, signal);
  const live = await liveness(request);
  const scans = await scanProbes(vantage.run, request);
  const reached = scans.flatMap((each) => ports(each, "reached"));
  const sources = new Set(scans.flatMap(({ source }) => source ?? []));
  const ofEstate = listening.filter((port) =>
    [...sources].some((source) => isOpen(expectation, { proto: "tcp", port, family: familyOf(source) }, source)),
  );
  const seen = {
    counts: {
      asked: scans.flatMap((each) => [...ports(each, "reached"), ...ports(each, "silent")]).length,
      closed: scans.flatMap((each) => ports(each, "silent")).length,
      reached: reached.length,
      live: live.answered,
      portsThatTheEstateOpens: ofEstate.length,
      routesProven: answered.filter(Boolean).length,
    },
    evidence: [
      `${probes.flatMap(({ addresses }) => addresses).join(", ")} listen on ${listening.join(", ")}`,
      `ports of containers that the estate opens on the host: ${ofEstate.join(", ") || "none"}`,
      ...scans
        .filter((each) => ports(each, "reached").length > 0)
        .map((each) => `reached: ${each.address} ${showRanges(rangesOf(ports(each, "reached")))}`),
    ],
  };
  if (reached.length > 0)
    return failed(about, `${reached.length} container port(s) are reached by their own address`, seen);
  if (answered.includes(false)) return skipped(about, "packets for the containers do not arrive at the host", seen);
  if (live.answered < live.asked || live.asked === 0)
    return failed(about, "a container did not answer on the host itself", seen);
  return passed(
    about,
    `${seen.counts.closed} ports of ${probes.length} containers are closed, the route is proven`,
    seen,
  );
}

/** Each container is asked by its own address, from the host; one that has just started is asked again. */
async function liveness(request: Publishing): Promise<{ readonly asked: number; readonly answered: number }> {
  const ends = performance.now() + START_MS;
  for (;;) {
    const scans = await scanProbes(request.inside.exec, request);
    const asked = scans.length * request.listening.length;
    const answered = scans.reduce((sum, { tcp }) => sum + portsOf(tcp.open).size, 0);
    if (answered >= asked || performance.now() > ends) return { asked, answered };
    await sleep(250, undefined, { signal: request.signal });
  }
}

function scanProbes(run: RunProgram, { probes, targets, listening, signal }: Publishing): Promise<Scan[]> {
  const addresses = probes.flatMap((probe) =>
    probe.addresses.map((address) => ({ address, family: familyOf(address) })),
  );
  const those = addresses.filter(({ family }) => familiesOf(targets).has(family));
  return scan(run, { ...PACE, targets: those, tcp: rangesOf(listening) }, signal);
}

/** A refusal came from the container, or from something beside it: either way the packet went through. */
function ports({ tcp }: Scan, which: "reached" | "silent"): number[] {
  if (which === "silent") return [...portsOf(tcp.silent)];
  return [tcp.open, tcp.refused].flatMap((ranges) => [...portsOf(ranges)]);
}

function familyOf(address: string): 4 | 6 {
  return address.includes(":") ? 6 : 4;
}

function familiesOf(targets: readonly Target[]): Set<4 | 6> {
  return new Set(targets.map(({ family }) => family));
}

/** The host's own address on a tier's bridge: Docker takes the first one. */
function firstOf(network: string): Target {
  const base = network.slice(0, network.indexOf("/"));
  return base.includes(":")
    ? { family: 6, address: base.endsWith("::") ? `${base}1` : `${base}::1` }
    : { family: 4, address: base.replace(/\d+$/, (last) => String(Number(last) + 1)) };
}
