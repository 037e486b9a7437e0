// A service and the host it is on fit together, and one service at most is the gateway.
import { at, type EstateFiles, type ServiceFiles } from "./files.ts";
import type { Finding } from "./finding.ts";
import type { HostEntry } from "./hosts-file.ts";

export function checkPlacement(files: EstateFiles): readonly Finding[] {
  return [
    ...files.services.flatMap((service) => {
      const host = files.hosts.value.hosts[service.service.value.host];
      return host === undefined ? [] : [...checkHost(service, host), ...checkAddresses(service, host)];
    }),
    ...checkGateway(files),
    ...checkDocker(files),
    ...checkLogin(files),
  ];
}

/** sshd lets in one group, and the role common puts the accounts into it: without it nobody could log in any more. */
function checkLogin({ hosts }: EstateFiles): readonly Finding[] {
  return Object.entries(hosts.value.hosts).flatMap(([id, { roles }]) => {
    if (!roles.includes("ssh-hardening") || roles.includes("common")) return [];
    const what = "should have common beside ssh-hardening, without which nobody may log in";
    return [at(hosts, ["hosts", id, "roles"], what, "add common to roles")];
  });
}

/** Debian 12's own Docker is 20.10, whose loopback ports a neighbour can reach. */
function checkDocker({ hosts }: EstateFiles): readonly Finding[] {
  return Object.entries(hosts.value.hosts).flatMap(([id, { os, roles, aptSources }]) => {
    if (os !== "debian-12" || !roles.includes("docker") || aptSources.length > 0) return [];
    const what = "should list Docker's own packages, since Debian 12 has Docker 20.10 and 26.1 is needed";
    return [at(hosts, ["hosts", id, "aptSources"], what, `add the source that carries docker-ce, with its key`)];
  });
}

function checkHost({ service }: ServiceFiles, host: HostEntry): readonly Finding[] {
  const { state, host: id } = service.value;
  const missing = (["docker", "service"] as const).filter((role) => !host.roles.includes(role));
  return [
    ...(state === "live" && host.state === "dormant"
      ? [
          at(
            service,
            ["state"],
            `should be dormant, as its host ${id} is, got live`,
            `set state: dormant, or make ${id} live`,
          ),
        ]
      : []),
    ...missing.map((role) =>
      at(
        service,
        ["host"],
        `should be a host with role ${role}, ${id} has not`,
        `add ${role} to its roles in inventory/hosts.yaml`,
      ),
    ),
  ];
}

/** A name may stand for any address; a literal address is what the host has. */
function checkAddresses({ service }: ServiceFiles, host: HostEntry): readonly Finding[] {
  if (/[a-z]/i.test(host.address) && !host.address.includes(":")) return [];
  return service.value.ports.flatMap(({ publish }, index) => {
    if (publish === undefined || publish.address.startsWith("127.")) return [];
    if (publish.address === "0.0.0.0" || publish.address === host.address) return [];
    const what = `should be loopback or an address of ${service.value.host}, got ${publish.address}`;
    return [at(service, ["ports", index, "publish", "address"], what, `use 127.0.0.1 or ${host.address}`)];
  });
}

function checkGateway({ services }: EstateFiles): readonly Finding[] {
  const [gateway, ...others] = services.filter(({ service }) => service.value.build === "demesne-gateway");
  const second = others.map(({ service }) =>
    at(service, ["build"], `should be built once, ${gateway?.name} is the gateway`, "remove build and pin an image"),
  );
  const keyed = services.filter(({ service }) => gateway === undefined && service.value.keys.length > 0);
  return [
    ...second,
    ...keyed.map(({ service }) =>
      at(
        service,
        ["keys"],
        "should not be there without a gateway",
        "add a service with build: demesne-gateway, or remove keys",
      ),
    ),
  ];
}
