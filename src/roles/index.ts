// Estate x host -> the resources that the host must have. One file per role, pure.
import type { Resource } from "../resources/index.ts";
import { common } from "./common.ts";
import { afterDeadman, deadman } from "./deadman.ts";
import { docker } from "./docker.ts";
import { driftTimer } from "./drift-timer.ts";
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

/** Everything wanted of one host. Throws TypeError when two roles want one thing: a bug in one of them. */
export function resourcesOf(input: RoleInput): readonly Resource[] {
  const adopted = new Set<string>(input.host.adopt);
  const all = [
    ...deadman(input),
    ...driftTimer(input),
    ...input.host.roles.flatMap((name) => roles[name](input)).map(afterDeadman),
  ];
  const known = new Set<string>();
  for (const { ref } of all) {
    if (known.has(ref)) throw new TypeError(`wanted twice: ${ref}`);
    known.add(ref);
  }
  return all.map((each) => (adopted.has(each.ref) ? { ...each, adopt: true } : each));
}

export { controls } from "./controls.ts";
export { authorizedKeysOf, lockouts } from "./lockout.ts";
export type { RoleInput } from "./role.ts";
