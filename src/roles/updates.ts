// Packages that are there and packages that must not be, and updates that come by themselves.
import { resource, type Ref, type Resource } from "../resources/index.ts";
import type { RoleInput } from "./role.ts";
import { writtenFile } from "./written-file.ts";

const ROLE = "common";

const installed = [
  "apparmor",
  "auditd",
  "ca-certificates",
  "libpam-pwquality",
  "libpam-tmpdir",
  "procps",
  "sudo",
  "systemd-timesyncd",
  "unattended-upgrades",
];
const unwanted = [
  "apport",
  "nis",
  "prelink",
  "rsh-client",
  "rsh-server",
  "talk",
  "telnet",
  "telnetd",
  "tftpd",
  "whoopsie",
  "xinetd",
];

export function packages({ host }: RoleInput): Resource[] {
  const proxy =
    host.aptProxy === undefined
      ? []
      : [
          writtenFile("/etc/apt/apt.conf.d/50demesne-proxy", [`Acquire::http::Proxy "${host.aptProxy}";`], {
            comment: "//",
          }),
        ];
  const needs: Ref[] = host.aptProxy === undefined ? [] : ["file:/etc/apt/apt.conf.d/50demesne-proxy"];
  const sources = host.aptSources.map((source) => resource("apt-source", ROLE, source, { needs }));
  return [
    ...proxy,
    ...sources,
    ...installed.map((name) => resource("package", ROLE, { name, brings: { units: units[name] ?? {} } }, { needs })),
    ...unwanted.map((name) => resource("package", ROLE, { name, state: "absent" })),
  ];
}

/** The units that a fresh installation leaves running. */
const units: Readonly<Record<string, Record<string, { enabled: boolean; active: boolean }>>> = {
  apparmor: { "apparmor.service": { enabled: true, active: true } },
  auditd: { "auditd.service": { enabled: true, active: true } },
  "systemd-timesyncd": { "systemd-timesyncd.service": { enabled: true, active: true } },
  "unattended-upgrades": { "unattended-upgrades.service": { enabled: true, active: true } },
};

export function updates(): Resource[] {
  const upgrades = [
    'APT::Periodic::Update-Package-Lists "1";',
    'APT::Periodic::Unattended-Upgrade "1";',
    'APT::Periodic::AutocleanInterval "7";',
    'Unattended-Upgrade::Automatic-Reboot "false";',
    'Unattended-Upgrade::Remove-Unused-Dependencies "true";',
    'Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";',
    'Unattended-Upgrade::SyslogEnable "true";',
  ];
  const trust = [
    'APT::Get::AllowUnauthenticated "false";',
    'Acquire::AllowInsecureRepositories "false";',
    'Acquire::AllowDowngradeToInsecureRepositories "false";',
    'Acquire::http::AllowRedirect "false";',
  ];
  return [
    writtenFile("/etc/apt/apt.conf.d/52demesne-upgrades", upgrades, { comment: "//" }),
    writtenFile("/etc/apt/apt.conf.d/51demesne-trust", trust, { comment: "//" }),
    resource(
      "unit",
      ROLE,
      { name: "unattended-upgrades.service", enabled: true, active: true },
      { needs: ["package:unattended-upgrades"] },
    ),
    ...["apt-daily.timer", "apt-daily-upgrade.timer"].map((name) =>
      resource("unit", ROLE, { name, enabled: true, active: true }),
    ),
  ];
}
