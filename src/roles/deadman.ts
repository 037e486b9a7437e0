// What every host has first: the program that puts a change of access back unless somebody proves that he still gets in.
// A fixed unit, since a transient one would be gone after a reboot; before the network and sshd, so that a reboot heals too.
import { resource, type Ref, type Resource } from "../resources/index.ts";
import type { Role } from "./role.ts";

const ROLE = "deadman";
const PROGRAM = "/usr/local/lib/demesne/deadman.py";
const WATCH = "demesne-deadman.service";
const BOOT = "demesne-deadman-boot.service";
const START = `/usr/bin/python3 -I -S -B ${PROGRAM}`;

export const deadman: Role = ({ deadmanProgram }) => [
  // Of all roles, since any of them may put something there.
  resource("directory", ROLE, { path: "/etc/demesne", mode: "0755" }),
  resource("file", ROLE, { path: PROGRAM, content: deadmanProgram }),
  resource("file", ROLE, { path: `/etc/systemd/system/${WATCH}`, content: watchUnit }),
  resource("file", ROLE, { path: `/etc/systemd/system/${BOOT}`, content: bootUnit }),
  resource("unit", ROLE, { name: BOOT, enabled: true }, { needs: files }),
];

const files: readonly Ref[] = [
  `file:${PROGRAM}`,
  `file:/etc/systemd/system/${WATCH}`,
  `file:/etc/systemd/system/${BOOT}`,
];

/** Nothing that may cut the connection is changed before the dead-man is there. */
export function afterDeadman(each: Resource): Resource {
  const mayCut = each.risk === "connectivity" || each.kind === "nft-table" || each.kind === "user";
  return mayCut ? { ...each, needs: [...each.needs, ...files, `unit:${BOOT}`] } : each;
}

/** Waits while a window is open. It is started again if something ends it, and goes on to wait for the same moment. */
const watchUnit = `# Written by Demesne.
[Unit]
Description=Demesne dead-man: puts a change of access back unless access is proven
ConditionPathExists=/var/lib/demesne/deadman/armed.json
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${START} watch
Restart=on-failure
RestartSec=1
OOMScoreAdjust=-900
`;

/** A window that was open when the machine went down is put back before anything reads what it changed. */
const bootUnit = `# Written by Demesne.
[Unit]
Description=Demesne dead-man: puts back what a reboot interrupted
DefaultDependencies=no
ConditionPathExists=/var/lib/demesne/deadman/armed.json
After=local-fs.target systemd-remount-fs.service
Before=network-pre.target demesne-firewall.service ssh.service ssh.socket sysinit.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target

[Service]
Type=oneshot
ExecStart=${START} boot
TimeoutStartSec=120

[Install]
WantedBy=sysinit.target
`;
