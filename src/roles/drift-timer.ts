// A host that looks at itself by a timer: no key that could change it lies anywhere unattended. The unit fails when something
// has drifted (exit code 14), and the answer stands in a file.
import { resource } from "../resources/index.ts";
import type { Role } from "./role.ts";

const ROLE = "drift-timer";
const FOLDER = "/etc/systemd/system";
/** Where the answer stands. */
const REPORT = "/var/lib/demesne/drift.json";

export const driftTimer: Role = ({ host }) => {
  if (host.driftTimer === undefined) return [];
  const { program, estate, every } = host.driftTimer;
  const start = `${program}/node_modules/.bin/node ${program}/src/cli/demesne.js drift ${estate} --local ${host.id} --report ${REPORT}`;
  return [
    // Node's own program is linked to it, and a small Debian has it not.
    resource("package", ROLE, { name: "libatomic1" }),
    resource("file", ROLE, { path: `${FOLDER}/demesne-drift.service`, content: serviceUnit(start) }),
    resource("file", ROLE, { path: `${FOLDER}/demesne-drift.timer`, content: timerUnit(every) }),
    resource(
      "unit",
      ROLE,
      { name: "demesne-drift.timer", enabled: true, active: true },
      { needs: [`file:${FOLDER}/demesne-drift.service`, `file:${FOLDER}/demesne-drift.timer`] },
    ),
  ];
};

/** It reads everything and writes one folder. */
function serviceUnit(start: string): string {
  return `# Written by Demesne.
[Unit]
Description=Demesne looks whether this host has drifted

[Service]
Type=oneshot
ExecStart=${start}
Environment=HOME=/root
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths=/var/lib/demesne
PrivateTmp=yes
CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE CAP_NET_ADMIN CAP_SYS_PTRACE
RestrictAddressFamilies=AF_UNIX AF_NETLINK
TimeoutStartSec=300
`;
}

function timerUnit(every: string): string {
  return `# Written by Demesne.
[Unit]
Description=Demesne looks ${every} whether this host has drifted

[Timer]
OnCalendar=${every}
RandomizedDelaySec=10min
Persistent=yes

[Install]
WantedBy=timers.target
`;
}
