// What belongs to the kernel: its settings, the clock, the audit trail. Much of it a twin cannot have, and that is said.
import type { Estate } from "../estate/index.ts";
import { digest } from "../lib/digest.ts";
import { resource, type Ref, type Resource } from "../resources/index.ts";
import { waiver, type RoleInput } from "./role.ts";
import { sysctlSettings, type SysctlSetting } from "./sysctl-settings.ts";
import { writtenFile } from "./written-file.ts";

const ROLE = "common";
const SHARED_KERNEL = "belongs to the machine's kernel, which a twin shares with this machine";

/** In force now by sysctl, and after a boot by a file; both say the same. */
export function kernel(estate: Estate): Resource[] {
  const wanted = sysctlSettings.filter((each) => waiver(estate, `sysctl/${each.key}`) === undefined);
  const [own, network] = [
    wanted.filter((each) => each.ownKernel === true),
    wanted.filter((each) => each.ownKernel !== true),
  ];
  return [
    sysctlFile("/etc/sysctl.d/60-demesne-network.conf", network),
    ...network.map(({ key, value }) => resource("sysctl", ROLE, { key, value }, { needs: ["package:procps"] })),
    { ...sysctlFile("/etc/sysctl.d/60-demesne-kernel.conf", own), ownKernel: SHARED_KERNEL },
    ...own.map(({ key, value }) =>
      resource("sysctl", ROLE, { key, value }, { needs: ["package:procps"], ownKernel: SHARED_KERNEL }),
    ),
  ];
}

function sysctlFile(path: string, settings: readonly SysctlSetting[]): Resource {
  return writtenFile(
    path,
    settings.map(({ key, value }) => `${key} = ${value}`),
  );
}

export function clock({ host }: RoleInput): Resource[] {
  const path = "/etc/systemd/timesyncd.conf.d/60-demesne.conf";
  const servers = host.ntp.length === 0 ? [] : [writtenFile(path, ["[Time]", `NTP=${host.ntp.join(" ")}`])];
  return [
    resource("check", ROLE, {
      name: "time zone",
      argv: ["timedatectl", "show", "--property=Timezone"],
      lines: [`Timezone=${host.timezone}`],
      command: ["timedatectl", "set-timezone", host.timezone],
      fix: `on the host: timedatectl set-timezone ${host.timezone}`,
    }),
    ...servers,
    resource(
      "unit",
      ROLE,
      {
        name: "systemd-timesyncd.service",
        enabled: true,
        active: true,
        ...(servers.length > 0 ? { config: digest(host.ntp.join(" ")) } : {}),
      },
      {
        needs: ["package:systemd-timesyncd", ...(servers.length > 0 ? [`file:${path}` as const] : [])],
        ownKernel: "a twin cannot set the clock that it shares with this machine",
      },
    ),
    resource(
      "unit",
      ROLE,
      { name: "apparmor.service", enabled: true, active: true },
      { needs: ["package:apparmor"], ownKernel: SHARED_KERNEL },
    ),
  ];
}

export function audit(): Resource[] {
  const path = "/etc/audit/rules.d/60-demesne.rules";
  const watched = ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"].map(
    (each) => `-w ${each} -p wa -k identity`,
  );
  const rules = [
    ...watched,
    "-w /etc/sudoers -p wa -k sudo",
    "-w /etc/sudoers.d/ -p wa -k sudo",
    "-w /etc/ssh/ -p wa -k ssh",
    "-w /etc/audit/ -p wa -k audit",
    "-w /var/lib/demesne/ -p wa -k demesne",
    "-a always,exit -F arch=b64 -S adjtimex,settimeofday,clock_settime -k time",
    "-a always,exit -F arch=b64 -S execve -F euid=0 -F auid>=1000 -F auid!=-1 -k root",
  ];
  const needs: Ref[] = ["package:auditd", `file:${path}`];
  return [
    writtenFile(path, rules, { mode: "0640", needs: ["package:auditd"] }),
    resource(
      "unit",
      ROLE,
      { name: "auditd.service", enabled: true, active: true, config: digest(rules.join("\n")) },
      { needs, ownKernel: SHARED_KERNEL },
    ),
  ];
}
