// Docker Engine: ports on loopback by default, bounded logs, containers that outlive a restart of the engine.
import { digest } from "../lib/digest.ts";
import { resource, type Ref, type Resource } from "../resources/index.ts";
import { bridgeOf, EGRESS_BRIDGE, EGRESS_NETWORK, lastSubnet, networkOf } from "./networks.ts";
import type { Role, RoleInput } from "./role.ts";

const ROLE = "docker";
const PATH = "/etc/docker/daemon.json";
/** With Demesne's own table in front, 26.1 is enough: older engines leave 127.0.0.1 publishing open to neighbours. */
const MINIMUM = "26.1";

const packagesOf = {
  "debian-13": { engine: "docker.io", others: ["docker-cli", "docker-compose"] },
  "debian-12": { engine: "docker-ce", others: ["docker-ce-cli", "docker-compose-plugin"] },
  "ubuntu-24.04": { engine: "docker.io", others: ["docker-compose-v2"] },
} as const;

export const docker: Role = (input) => {
  const { engine, others } = packagesOf[input.host.os];
  const content = `${JSON.stringify(daemon(input), null, 2)}\n`;
  const running = { enabled: true, active: true };
  const sources = input.host.aptSources.map(({ name }) => `apt-source:${name}` as const);
  return [
    resource("directory", ROLE, { path: "/etc/docker", mode: "0755" }, { adopt: true }),
    resource("file", ROLE, { path: PATH, content }),
    resource(
      "package",
      ROLE,
      {
        name: engine,
        minimum: MINIMUM,
        brings: { units: { "docker.service": running, "containerd.service": running }, fresh: ["unit:docker.service"] },
      },
      { needs: sources },
    ),
    ...others.map((name) => resource("package", ROLE, { name }, { needs: sources })),
    resource("unit", ROLE, { name: "containerd.service", ...running }, { needs: [`package:${engine}`] }),
    resource(
      "unit",
      ROLE,
      { name: "docker.service", ...running, config: digest(content) },
      { needs: [`package:${engine}`, `file:${PATH}`, "unit:containerd.service", ...firewallFirst(input)] },
    ),
    ...networks(input, engine),
  ];
};

/** Where the firewall is ours, it stands before the first container can be reached. */
function firewallFirst({ host }: RoleInput): Ref[] {
  return host.roles.includes("firewall") ? ["nft-table:inet demesne"] : [];
}

function daemon({ estate }: RoleInput) {
  const { network4, network6 } = estate.containerPool;
  return {
    "default-address-pools": [
      { base: network4, size: 24 },
      { base: network6, size: 64 },
    ],
    "default-network-opts": { bridge: { "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1" } },
    icc: false,
    ip: "127.0.0.1",
    "live-restore": true,
    "log-driver": "json-file",
    "log-opts": { "max-file": "3", "max-size": "10m" },
    "no-new-privileges": true,
  };
}

function networks({ estate }: RoleInput, engine: string): Resource[] {
  const needs: Ref[] = [`package:${engine}`];
  const { network4, network6 } = estate.containerPool;
  const egress = {
    name: EGRESS_NETWORK,
    bridge: EGRESS_BRIDGE,
    subnet4: lastSubnet(network4, 24),
    subnet6: lastSubnet(network6, 64),
  };
  const tiers = estate.tiers.map((tier) => ({
    name: networkOf(tier.name),
    bridge: bridgeOf(tier.name),
    subnet4: tier.network4,
    subnet6: tier.network6,
  }));
  return [...tiers, egress].map((wanted) => resource("network", ROLE, wanted, { needs }));
}
