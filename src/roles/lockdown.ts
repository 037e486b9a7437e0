// Small doors that are shut: core dumps, kernel modules nobody needs, cron for others, units that must never start.
import type { Estate } from "../estate/index.ts";
import { digest } from "../lib/digest.ts";
import { resource, type Resource } from "../resources/index.ts";
import { writtenFile } from "./written-file.ts";

const ROLE = "common";

/** Not started even where somebody installs them later. */
const masked = [
  "avahi-daemon.service",
  "avahi-daemon.socket",
  "bluetooth.service",
  "ctrl-alt-del.target",
  "cups.service",
  "cups-browsed.service",
  "debug-shell.service",
  "iscsid.socket",
  "kdump.service",
  "ModemManager.service",
  "nfs-server.service",
  "rpcbind.service",
  "rpcbind.socket",
  "rsync.service",
  "smbd.service",
  "snmpd.service",
  "systemd-coredump.socket",
  "telnet.socket",
  "tftpd-hpa.service",
  "vsftpd.service",
];
const modules = [
  "algif_aead",
  "bluetooth",
  "cramfs",
  "dccp",
  "firewire-core",
  "freevxfs",
  "hfs",
  "hfsplus",
  "jffs2",
  "ksmbd",
  "rds",
  "sctp",
  "thunderbolt",
  "tipc",
  "udf",
  "usb-storage",
];
const cronFolders = ["/etc/cron.d", "/etc/cron.daily", "/etc/cron.hourly", "/etc/cron.monthly", "/etc/cron.weekly"];

export function journal(estate: Estate): Resource[] {
  const path = "/etc/systemd/journald.conf.d/60-demesne.conf";
  const text = [
    "[Journal]",
    "Storage=persistent",
    "Compress=yes",
    "SystemMaxUse=1G",
    `MaxRetentionSec=${estate.retention.logDays}day`,
    "ForwardToSyslog=no",
  ];
  const config = digest(text.join("\n"));
  return [
    writtenFile(path, text),
    resource("unit", ROLE, { name: "systemd-journald.service", active: true, config }, { needs: [`file:${path}`] }),
  ];
}

export function folders(): Resource[] {
  return [
    // These are there on every Debian; Demesne only closes them to others.
    ...[...cronFolders, "/root"].map((path) => resource("directory", ROLE, { path, mode: "0700" }, { adopt: true })),
    resource("directory", ROLE, { path: "/etc/sudoers.d", mode: "0750" }, { adopt: true }),
    writtenFile("/etc/cron.allow", ["root"], { mode: "0600" }),
    writtenFile("/etc/at.allow", ["root"], { mode: "0600" }),
  ];
}

export function noCoreDumps(): Resource[] {
  return [
    writtenFile("/etc/security/limits.d/60-demesne.conf", ["* hard core 0", "* soft core 0"]),
    writtenFile("/etc/systemd/coredump.conf.d/60-demesne.conf", ["[Coredump]", "Storage=none", "ProcessSizeMax=0"]),
  ];
}

export function limits(): Resource[] {
  const quality = ["minlen = 15", "minclass = 4", "maxrepeat = 3", "dictcheck = 1", "enforce_for_root"];
  const sudo = [
    "Defaults use_pty",
    "Defaults timestamp_timeout=5",
    "Defaults !visiblepw",
    "Defaults !pwfeedback",
    "Defaults passwd_timeout=1",
  ];
  return [
    writtenFile(
      "/etc/modprobe.d/60-demesne.conf",
      modules.flatMap((name) => [`blacklist ${name}`, `install ${name} /bin/false`]),
    ),
    writtenFile("/etc/profile.d/60-demesne.sh", ["umask 027", "TMOUT=3600", "readonly TMOUT"]),
    writtenFile("/etc/security/pwquality.conf.d/60-demesne.conf", quality),
    writtenFile("/etc/sudoers.d/60-demesne", sudo, {
      mode: "0440",
      validate: ["/usr/sbin/visudo", "-cf", "%s"],
      needs: ["package:sudo"],
    }),
  ];
}

export function masks(): Resource[] {
  return masked.map((name) => resource("unit", ROLE, { name, masked: true }));
}
