// What the estate says about a host's open ports, written down without looking at the host. All else is closed.
import ipaddr from "ipaddr.js";
import { endpointsOf, type Estate, type EstateHost, type EstateService } from "../estate/index.ts";

export type Family = 4 | 6;
export type Proto = "tcp" | "udp";

/** One port that is open, over one family, for some sources. */
export type Opening = {
  readonly proto: Proto;
  readonly port: number;
  readonly family: Family;
  /** Networks of that family, or "any". */
  readonly from: readonly string[];
  /** `host`, or the name of the service whose container answers. */
  readonly of: string;
};

export type ExpectedService = {
  readonly name: string;
  readonly tier: string;
  readonly containers: readonly string[];
  /** The gateway has a way out and a management socket; no other service has. */
  readonly gateway: boolean;
  readonly port: number;
  readonly path: string;
};

export type Expectation = {
  readonly host: string;
  readonly roles: readonly string[];
  readonly openings: readonly Opening[];
  readonly services: readonly ExpectedService[];
  readonly tiers: readonly { readonly name: string; readonly network4: string; readonly network6: string }[];
  /** The ports that the gateway may reach outside: the model's, and that of the local one beside it. */
  readonly modelPorts: readonly number[];
};

/** `skipped`: services that are not run here, with the reason (a rehearsal). */
export function expected(
  estate: Estate,
  host: EstateHost,
  skipped: ReadonlyMap<string, string> = new Map(),
): Expectation {
  const services = estate.services.filter(
    (each) => each.host === host.id && each.state === "live" && !skipped.has(each.name),
  );
  return {
    host: host.id,
    roles: host.roles,
    openings: [...host.open.flatMap(openingsOfHost), ...services.flatMap(openingsOfService)],
    services: services.map(expectedService),
    tiers: estate.tiers.map(({ name, network4, network6 }) => ({ name, network4, network6 })),
    modelPorts: [...new Set(endpointsOf(estate.seam.model).map(({ url }) => portOf(new URL(url))))],
  };
}

/** Whether somebody at `source` is to find this port open. */
export function isOpen(expectation: Expectation, asked: Pick<Opening, "proto" | "port" | "family">, source: string) {
  return expectation.openings.some(
    ({ proto, port, family, from }) =>
      proto === asked.proto &&
      port === asked.port &&
      family === asked.family &&
      from.some((network) => network === "any" || contains(network, source)),
  );
}

function openingsOfHost({ port, proto, from }: EstateHost["open"][number]): Opening[] {
  return ([4, 6] as const).flatMap((family) => opening({ proto, port, family, from, of: "host" }));
}

/** Ports of services are published on IPv4 addresses only. */
function openingsOfService({ name, ports }: EstateService): Opening[] {
  return ports.flatMap(({ publish, open }) =>
    publish === undefined || open === undefined
      ? []
      : opening({ proto: "tcp", port: publish.port, family: 4, from: open.from, of: name }),
  );
}

function opening(all: Opening): Opening[] {
  const from = all.from.filter((source) => source === "any" || source.includes(":") === (all.family === 6));
  return from.length === 0 ? [] : [{ ...all, from }];
}

function contains(network: string, source: string): boolean {
  const [base, prefix] = ipaddr.parseCIDR(network);
  const address = ipaddr.parse(source);
  return address.kind() === base.kind() && address.match(base, prefix);
}

function expectedService({ name, tier, containers, compose, health, ports }: EstateService): ExpectedService {
  // By the estate's own words: once it was built, the image is pinned like any other.
  const gateway = compose.document.services[name]?.image === "demesne-gateway";
  const port = ports.find((each) => each.name === health.port)?.container ?? 0;
  return { name, tier, containers: containers.map((each) => each.name), gateway, port, path: health.path };
}

function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "https:" ? 443 : 80;
}
