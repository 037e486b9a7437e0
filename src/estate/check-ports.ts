// A port is used once on a host, ssh stays open, and nothing is open that is not published.
import { at, type EstateFiles, type Parsed } from "./files.ts";
import type { Finding, Path } from "./finding.ts";
import type { HostEntry, HostsFile } from "./hosts-file.ts";
import type { YamlSource } from "./yaml-source.ts";

type Use = { readonly source: YamlSource; readonly path: Path; readonly address: string; readonly port: string };

export function checkPorts(files: EstateFiles): readonly Finding[] {
  return [
    ...Object.entries(files.hosts.value.hosts).flatMap(([id, host]) => [
      ...usedTwice(portsOf(id, host, files)),
      ...openTwice(id, host, files.hosts),
      ...checkSsh(id, host, files.hosts),
    ]),
    ...files.services.flatMap(({ service }) => checkServicePorts(service)),
  ];
}

/** What listens on a host: sshd first, so that a service that takes its port is the one in the wrong. */
function portsOf(id: string, host: HostEntry, files: EstateFiles): readonly Use[] {
  const ssh = { source: files.hosts, path: ["hosts", id, "port"], address: "0.0.0.0", port: `tcp/${host.port}` };
  const published = files.services
    .filter(({ service }) => service.value.host === id)
    .flatMap(({ service }) =>
      service.value.ports.flatMap(({ publish }, index) =>
        publish === undefined
          ? []
          : [
              {
                source: service,
                path: ["ports", index, "publish", "port"],
                address: publish.address,
                port: `tcp/${publish.port}`,
              },
            ],
      ),
    );
  return [ssh, ...published];
}

function usedTwice(uses: readonly Use[]): readonly Finding[] {
  return uses.flatMap((later, index) => {
    const earlier = uses.slice(0, index).find((use) => use.port === later.port && meet(use.address, later.address));
    if (earlier === undefined) return [];
    const what = `should be used once on a host, got ${later.port}, as ${earlier.source.file} ${earlier.path.join("/")} has it`;
    return [at(later.source, later.path, what, "choose a port that is free on this host")];
  });
}

function meet(a: string, b: string): boolean {
  return a === b || a === "0.0.0.0" || b === "0.0.0.0";
}

function openTwice(id: string, host: HostEntry, hosts: Parsed<HostsFile>): readonly Finding[] {
  return host.open.flatMap((later, index) => {
    const earlier = host.open.slice(0, index).some((open) => open.port === later.port && open.proto === later.proto);
    if (!earlier) return [];
    const what = `should be listed once, got ${later.proto}/${later.port} again`;
    return [at(hosts, ["hosts", id, "open", index, "port"], what, "put all sources into one entry")];
  });
}

/** With a firewall and no way in for ssh, the first apply would be the last. */
function checkSsh(id: string, host: HostEntry, hosts: Parsed<HostsFile>): readonly Finding[] {
  if (!host.roles.includes("firewall")) return [];
  if (host.open.some((open) => open.proto === "tcp" && open.port === host.port)) return [];
  const what = `should let ssh in (tcp/${host.port}), or the firewall would lock you out`;
  return [at(hosts, ["hosts", id, "open"], what, `add { port: ${host.port}, from: [...], note: ssh } to open`)];
}

function checkServicePorts(service: EstateFiles["services"][number]["service"]): readonly Finding[] {
  const { ports } = service.value;
  return ports.flatMap((port, index) => {
    const path = ["ports", index];
    const twice = ports.slice(0, index).some((other) => other.name === port.name || other.container === port.container);
    const loopback = port.publish === undefined || port.publish.address.startsWith("127.");
    return [
      ...(twice
        ? [at(service, path, `should be listed once, got ${port.name} (${port.container}) again`, "remove one")]
        : []),
      ...(port.open !== undefined && loopback
        ? [
            at(
              service,
              [...path, "open"],
              "should be published on an address of the host to be open",
              "set publish.address",
            ),
          ]
        : []),
    ];
  });
}
