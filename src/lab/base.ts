// A base system: what debootstrap makes of a release, once, kept in the cache under the digest of its recipe.
// It appears by a rename, so a build that was killed leaves nothing that is taken for a base.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Progress } from "../lib/ports.ts";
import { digestJson } from "../lib/digest.ts";
import { output } from "./command.ts";
import { alone } from "./mutex.ts";
import { asHttp } from "./apt-proxy.ts";
import type { Keyring } from "./keyring.ts";
import type { Archive } from "./mirror.ts";
import { type Release, basePackages } from "./releases.ts";
import { aptSourcesText } from "./apt-sources-text.ts";

export type BaseRequest = {
  readonly folder: string;
  readonly release: Release;
  readonly archive: Archive;
  readonly keyring: Keyring;
  /** http_proxy for debootstrap and apt. */
  readonly proxy: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
};

const BUILD_MS = 1_800_000;

/** Changes when the recipe below does, so that an older base is not taken for this one. */
const RECIPE = 4;

export function baseName(release: Release): string {
  const recipe = { recipe: RECIPE, arch: process.arch, packages: basePackages, ...release };
  return `${release.os}-${digestJson(recipe).slice("sha256:".length, "sha256:".length + 12)}`;
}

/** Builds the base unless it is there; answers with its folder. */
export async function makeBase(request: BaseRequest): Promise<string> {
  const name = baseName(request.release);
  const base = join(request.folder, name);
  if (existsSync(base)) return base;
  const options = { timeoutMs: BUILD_MS, signal: request.signal };
  return await alone(join(request.folder, `${name}.lock`), options, async () => {
    if (existsSync(base)) return base;
    removeUnfinished(request.folder, name);
    const building = join(request.folder, `.building-${name}`);
    try {
      await build(request, building);
      renameSync(join(building, "root"), base);
    } finally {
      rmSync(building, { recursive: true, force: true });
    }
    return base;
  });
}

/** We hold the lock, so whoever left this is dead. */
function removeUnfinished(folder: string, name: string): void {
  for (const entry of readdirSync(folder)) {
    if (entry === `.building-${name}`) rmSync(join(folder, entry), { recursive: true, force: true });
  }
}

async function build(request: BaseRequest, building: string): Promise<void> {
  const { release, archive, keyring, progress } = request;
  for (const part of ["root", "work", "empty"]) mkdirSync(join(building, part), { recursive: true, mode: 0o755 });
  writeFileSync(join(building, "debian.sources"), aptSourcesText(release, archive, keyring.inTwin));
  writeFileSync(join(building, "finish"), FINISH);
  progress.step(`Building the base system ${release.os} (once, about a minute)`);
  // Own mount and pid namespaces: what debootstrap mounts and starts is gone with it, however it ends
  // and however we end.
  const own = [
    "unshare",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child=KILL",
    "--mount-proc",
    "--propagation",
    "private",
  ];
  await output(
    [
      "setpriv",
      "--pdeathsig",
      "KILL",
      "--",
      ...own,
      "--",
      "sh",
      "-euc",
      BUILD,
      "build",
      building,
      keyring.file,
      keyring.inTwin,
      ...debootstrap(request),
    ],
    {
      timeoutMs: BUILD_MS,
      signal: request.signal,
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8", HOME: "/root", http_proxy: request.proxy },
      onLine: (line) => progress.detail(line.replace(/^I: /, "")),
    },
  );
}

function debootstrap({ release, archive, keyring }: BaseRequest): string[] {
  const script = `/usr/share/debootstrap/scripts/${release.script}`;
  const options = ["--variant=minbase", `--keyring=${keyring.file}`, `--include=${basePackages.join(",")}`];
  const where = [release.codename, ".", asHttp(archive.main), script];
  return ["debootstrap", ...options, `--components=${release.components.join(",")}`, ...where];
}

// Onto an overlay that never syncs: dpkg's many fsyncs cost more than the rest. One sync before the rename makes it last.
const BUILD = `
building=$1 keyring=$2 intwin=$3
shift 3
cd "$building"
mkdir merged
mount -t overlay overlay -o "lowerdir=empty,upperdir=root,workdir=work,volatile" merged
cd merged
"$@" || { tail -n 5 debootstrap/debootstrap.log >&2; exit 1; }
[ -e ".$intwin" ] || cp "$keyring" ".$intwin"
cp ../debian.sources etc/apt/sources.list.d/debian.sources
cp ../finish tmp/finish
mount -t proc proc proc
chroot . sh -eu /tmp/finish
umount proc
cd ..
umount merged
sync -f root`;

// As a cloud image is left: no keys, no identity, no package lists, the archive's sources in one deb822 file.
const FINISH = `
export DEBIAN_FRONTEND=noninteractive
rm -f /etc/apt/sources.list
apt-get -qq update
cd /tmp
apt-get -qq download docker-registry
dpkg-deb -x docker-registry_*.deb registry
mkdir -p /usr/lib/demesne-lab
cp registry/usr/bin/docker-registry /usr/lib/demesne-lab/
systemctl enable systemd-networkd.service
apt-get clean
rm -rf /tmp/* /var/lib/apt/lists/* /var/log/*.log /var/log/apt/* /etc/ssh/ssh_host_* /var/lib/dbus/machine-id
: >/etc/machine-id
# Caches of libraries, users and messages are made: the first boot has nothing to catch up on (systemd.unit(5)).
touch /etc/.updated /var/.updated`;
