// What this machine must have for twins: Linux, root, and a few Debian packages, which are installed where missing.
import { existsSync, statfsSync } from "node:fs";
import { Problem } from "../lib/problem.ts";
import type { Progress } from "../lib/ports.ts";
import { output } from "./command.ts";

/** Package -> a file that shows it is installed. */
const NEEDED: Readonly<Record<string, string>> = {
  debootstrap: "/usr/sbin/debootstrap",
  "systemd-container": "/usr/bin/systemd-nspawn",
  iproute2: "/usr/sbin/ip|/bin/ip|/sbin/ip",
  "openssh-client": "/usr/bin/ssh-keygen",
  "util-linux": "/usr/bin/nsenter",
  gpgv: "/usr/bin/gpgv",
  // Ansible's own folder is a virtual environment of the system's Python.
  "python3-venv": "/var/lib/dpkg/info/python3-venv.list",
};

/** statfs(2): OVERLAYFS_SUPER_MAGIC. */
const OVERLAY = 0x794c7630;
const ROOM_BYTES = 3 * 2 ** 30;
const INSTALL_MS = 600_000;

/** Throws Problem `prerequisite` where twins cannot be made at all. */
export function requireRootOnLinux(platform: string, uid: number | undefined): void {
  if (platform !== "linux") {
    throw new Problem({
      code: "prerequisite",
      where: "lab",
      what: `twins need Linux (namespaces, overlay mounts), this is ${platform}`,
      fix: "run it on a Debian or Ubuntu machine or virtual machine, as root",
    });
  }
  if (uid !== 0) {
    throw new Problem({
      code: "prerequisite",
      where: "lab",
      what: "twins need root (mounts, network namespaces, debootstrap)",
      fix: "run the same command with sudo",
    });
  }
}

/** Throws Problem `prerequisite` where a twin's disk cannot lie. */
export function requireRoom(folder: string): void {
  const { type, bavail, bsize } = statfsSync(folder);
  if (type === OVERLAY) {
    throw new Problem({
      code: "prerequisite",
      where: folder,
      what: "lies on an overlay (a container's disk), on which no twin's overlay can lie",
      fix: "name a folder on a real disk or on tmpfs: XDG_CACHE_HOME=/mnt/disk",
    });
  }
  if (bavail * bsize < ROOM_BYTES) {
    throw new Problem({
      code: "prerequisite",
      where: folder,
      what: `twins need 3 GiB of disk, ${Math.floor((bavail * bsize) / 2 ** 20)} MiB are free`,
      fix: "free some space, or name a folder on another disk: XDG_CACHE_HOME=/mnt/disk",
    });
  }
}

/** Installs what is missing, after saying so. */
export async function installMissing(
  packages: readonly string[],
  { progress, signal }: { readonly progress: Progress; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  if (packages.length === 0) return;
  if (!existsSync("/usr/bin/apt-get")) throw noApt(packages);
  progress.step(`Installing on this machine: ${packages.join(" ")}`);
  const env = {
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    LANG: "C.UTF-8",
    HOME: "/root",
    DEBIAN_FRONTEND: "noninteractive",
  };
  const apt = (args: readonly string[]) =>
    output(["apt-get", "-q", ...args], { timeoutMs: INSTALL_MS, signal, env, onLine: (line) => progress.detail(line) });
  await apt(["update"]);
  await apt(["install", "--yes", "--no-install-recommends", ...packages]);
}

/** Packages the lab's programs come from that are not installed. */
export function missingPackages(exists: (file: string) => boolean = existsSync): string[] {
  return Object.entries(NEEDED)
    .filter(([, files]) => !files.split("|").some(exists))
    .map(([name]) => name);
}

function noApt(packages: readonly string[]): Problem {
  return new Problem({
    code: "prerequisite",
    where: "lab",
    what: `this machine lacks ${packages.join(", ")} and has no apt to get them`,
    fix: "install debootstrap, systemd-nspawn, iproute2, OpenSSH's client, util-linux and gpgv",
  });
}
