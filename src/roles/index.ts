// Estate x host -> the resources that the host must have. One file per role, pure.
import type { Resource } from "../resources/index.ts";
import { common } from "./common.ts";
import { docker } from "./docker.ts";
import { firewall } from "./firewall.ts";
import type { Role, RoleInput } from "./role.ts";
import { service } from "./service.ts";
import { sshHardening } from "./ssh-hardening.ts";

const roles: Readonly<Record<RoleInput["host"]["roles"][number], Role>> = {
  common,
  "ssh-hardening": sshHardening,
  firewall,
  docker,
  service,
};

/** Everything wanted of one host. Each ref stands once: a circle of needs or a double is a bug in a role. */
export function resourcesOf(input: RoleInput): readonly Resource[] {
  const adopted = new Set<string>(input.host.adopt);
  return input.host.roles
    .flatMap((name) => roles[name](input))
    .map((each) => (adopted.has(each.ref) ? { ...each, adopt: true } : each));
}

export { authorizedKeysOf, lockouts } from "./lockout.ts";
export type { RoleInput } from "./role.ts";
