// The host's own table: input drops by default, and a container's port is closed unless the estate opens it.
import { endpointsOf, type EstateService } from "../estate/index.ts";
import { resource } from "../resources/index.ts";
import { bridgeOf, EGRESS_BRIDGE } from "./networks.ts";
import type { Role, RoleInput } from "./role.ts";

const ROLE = "firewall";
const PATH = "/etc/demesne/firewall.nft";
const UNIT = "demesne-firewall.service";

type Opening = { readonly port: number; readonly proto: "tcp" | "udp"; readonly from: readonly string[] };

export const firewall: Role = (input) => {
  const rules = table(input);
  // One transaction: the old table goes and the new one comes, or nothing happens.
  const content = `# Written by Demesne.\ntable inet demesne\ndelete table inet demesne\n${rules}`;
  return [
    resource("package", ROLE, {
      name: "nftables",
      brings: { units: { "nftables.service": { enabled: false, active: false } } },
    }),
    resource(
      "file",
      ROLE,
      { path: PATH, mode: "0600", content, validate: ["/usr/sbin/nft", "--check", "--file", "%s"] },
      { needs: ["package:nftables", "directory:/etc/demesne"], risk: "connectivity" },
    ),
    resource("file", ROLE, { path: `/etc/systemd/system/${UNIT}`, content: unitFile }),
    resource(
      "unit",
      ROLE,
      { name: "nftables.service", conflict: "stopping it flushes every table, Demesne's and Docker's too" },
      { needs: ["package:nftables"] },
    ),
    resource("unit", ROLE, { name: "ufw.service", conflict: "it writes rules of its own that contradict Demesne's" }),
    resource("nft-table", ROLE, { family: "inet", name: "demesne", rules, path: PATH }),
    resource(
      "unit",
      ROLE,
      { name: UNIT, enabled: true, active: true },
      { needs: [`file:/etc/systemd/system/${UNIT}`, `file:${PATH}`, "nft-table:inet demesne"], risk: "connectivity" },
    ),
  ];
};

/** Before the network is up; it stays loaded when the unit stops, since a stop must not open the host. */
const unitFile = `# Written by Demesne.
[Unit]
Description=Demesne host firewall
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
After=local-fs.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft --file ${PATH}
ExecReload=/usr/sbin/nft --file ${PATH}
ProtectHome=yes
ProtectSystem=full

[Install]
WantedBy=sysinit.target
`;

/** In the form in which nft lists it: one rule a source, networks of one address without a prefix. */
function table(input: RoleInput): string {
  const input4 = input.host.open.flatMap(inputRules);
  const published = servicesOn(input).flatMap(openings);
  return [
    "table inet demesne {",
    "\tchain input {",
    "\t\ttype filter hook input priority filter; policy drop;",
    ...indent([...established, 'iifname "lo" accept', ...control, ...input4]),
    "\t}",
    "",
    "\tchain forward {",
    "\t\ttype filter hook forward priority filter - 10; policy drop;",
    ...indent([...established, ...withinBridges(input), ...egress(input), ...published.flatMap(forwardRules)]),
    "\t}",
    "}",
    "",
  ].join("\n");
}

function indent(rules: readonly string[]): string[] {
  return rules.map((rule) => `\t\t${rule}`);
}

const established = ["ct state vmap { invalid : drop, established : accept, related : accept }"];

/** Without these, IPv6 does not work at all, and path MTU discovery fails on both families. */
const control = [
  "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept",
  "icmp type { destination-unreachable, time-exceeded, parameter-problem } accept",
  "icmp type echo-request limit rate 10/second accept",
  "icmpv6 type echo-request limit rate 10/second accept",
  "udp sport 67 udp dport 68 accept",
  "ip6 saddr fe80::/10 udp dport 546 accept",
];

function inputRules({ port, proto, from }: Opening): string[] {
  return from.map((source) => `${saddr(source)}${proto} dport ${port} accept`);
}

/** The original port AND that it was translated: with the port alone, a neighbour with a route could reach the container. */
function forwardRules({ port, proto, from }: Opening): string[] {
  return from.map(
    (source) => `${saddr(source)}meta l4proto ${proto} ct status dnat ct original proto-dst ${port} accept`,
  );
}

function saddr(source: string): string {
  if (source === "any") return "";
  const address = source.replace(source.includes(":") ? /\/128$/ : /\/32$/, "");
  return `${address.includes(":") ? "ip6" : "ip"} saddr ${address} `;
}

function withinBridges({ estate }: RoleInput): string[] {
  // Traffic inside a bridge passes here too, since Docker loads br_netfilter. Docker keeps its own networks apart.
  const bridges = [...estate.tiers.map((tier) => bridgeOf(tier.name)), EGRESS_BRIDGE, "docker0", "br-*"];
  return bridges.map((name) => `iifname "${name}" oifname "${name}" accept`);
}

/** Only the gateway is on this bridge, and only the models' ports are let through. */
function egress({ estate }: RoleInput): string[] {
  const ports = new Set(endpointsOf(estate.seam.model).map(({ url }) => portOf(new URL(url))));
  return [...ports].map((port) => `iifname "${EGRESS_BRIDGE}" tcp dport ${port} accept`);
}

function portOf({ port, protocol }: URL): string {
  if (port !== "") return port;
  return protocol === "https:" ? "443" : "80";
}

function servicesOn({ estate, host, skipped }: RoleInput): readonly EstateService[] {
  return estate.services.filter((each) => each.host === host.id && each.state === "live" && !skipped.has(each.name));
}

function openings(service: EstateService): Opening[] {
  return service.ports.flatMap(({ publish, open }) =>
    publish === undefined || open === undefined ? [] : [{ port: publish.port, proto: "tcp" as const, from: open.from }],
  );
}
