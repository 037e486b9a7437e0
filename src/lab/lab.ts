// The place where twins are made: this machine's mirror, the cache, the base systems, the package proxy.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../lib/problem.ts";
import type { Progress } from "../lib/ports.ts";
import { forgetUnused, touch } from "./aging.ts";
import { openAptCache } from "./apt-cache.ts";
import { type AptProxy, aptProxy } from "./apt-proxy.ts";
import { knownArchive, noteArchive } from "./archive-note.ts";
import { makeBase } from "./base.ts";
import { output } from "./command.ts";
import { keyringFor } from "./keyring.ts";
import { type Archive, findArchive, machineSources } from "./mirror.ts";
import { installMissing, missingPackages, requireRoom, requireRootOnLinux } from "./prerequisites.ts";
import { type Release, type TwinOs, releases } from "./releases.ts";
import { basesInUse, sweep } from "./slots.ts";

export type LabRequest = {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Systems whose base is made ready now; others are when a twin asks for them. */
  readonly systems?: readonly TwinOs[] | undefined;
};

export type Lab = {
  readonly cache: string;
  readonly proxy: AptProxy;
  readonly progress: Progress;
  /** The base for a system, built when it is not there yet. */
  base(os: TwinOs, signal?: AbortSignal): Promise<Base>;
};

export type Base = {
  readonly folder: string;
  readonly release: Release;
  readonly archive: Archive;
  /** Why the release is another than the one asked for. */
  readonly reason?: string | undefined;
};

/**
 * Makes this machine ready for twins: packages, sweep of what dead runs left, base systems.
 * Throws Problem `prerequisite` when it is not Linux, not root, or no mirror has the system; `failed` when a build fails.
 */
export async function prepareLab({ progress, signal, systems = ["debian-13"] }: LabRequest): Promise<Lab> {
  requireRootOnLinux(process.platform, process.getuid?.());
  await installMissing(missingPackages(), { progress, signal });
  const swept = await sweep(signal);
  if (swept > 0) progress.step(`Removed ${swept} twin(s) that an earlier run left`);
  const cache = join(process.env["XDG_CACHE_HOME"] ?? "/var/cache", "demesne");
  for (const folder of ["bases", "twins", "apt", "images/sha256"])
    mkdirSync(join(cache, folder), { recursive: true, mode: 0o755 });
  requireRoom(cache);
  clean(cache);
  const proxy = aptProxy(openAptCache(join(cache, "apt")), await machineProxy());
  const known = new Map<TwinOs, Promise<Base>>();
  const lab: Lab = {
    cache,
    proxy,
    progress,
    base: (os, ends = signal) => {
      const base = known.get(os) ?? findBase(lab, os, ends);
      known.set(os, base);
      base.catch(() => known.delete(os));
      return base;
    },
  };
  for (const os of systems) await lab.base(os);
  return lab;
}

function clean(cache: string): void {
  const now = Date.now();
  const inUse = basesInUse();
  forgetUnused(join(cache, "bases"), now, (name) => inUse.has(name) || name.endsWith(".lock"));
  forgetUnused(join(cache, "apt"), now);
  forgetUnused(join(cache, "images", "sha256"), now);
}

async function findBase(lab: Lab, os: TwinOs, signal: AbortSignal | undefined): Promise<Base> {
  const sources = machineSources();
  const wanted = releases[os];
  const bases = join(lab.cache, "bases");
  const archive =
    knownArchive(bases, wanted, sources) ?? (await findArchive(wanted, sources, (uri) => lab.proxy.reach(uri)));
  if (archive !== undefined) return { ...(await build(lab, wanted, archive, signal)) };
  if (os !== "ubuntu-24.04") throw noArchive(wanted);
  const reason = "this machine's apt mirrors do not carry Ubuntu 24.04 (noble); the twin runs Debian 13 instead";
  return { ...(await lab.base("debian-13", signal)), reason };
}

async function build(lab: Lab, release: Release, archive: Archive, signal: AbortSignal | undefined): Promise<Base> {
  lab.proxy.allow([archive.main, ...(archive.security === undefined ? [] : [archive.security])]);
  const listening = await lab.proxy.listen("127.0.0.1");
  try {
    const keyring = await keyringFor(release, archive, lab, signal);
    const bases = join(lab.cache, "bases");
    const folder = await makeBase({
      folder: bases,
      release,
      archive,
      keyring,
      proxy: listening.url,
      progress: lab.progress,
      signal,
    });
    touch(folder, Date.now());
    noteArchive(bases, release, archive);
    return { folder, release, archive };
  } finally {
    await listening.close();
  }
}

/** The proxy this machine's own apt goes through. */
async function machineProxy(): Promise<string | undefined> {
  const text = await output(["apt-config", "dump", "Acquire::http::Proxy"]).catch(() => "");
  return /^Acquire::http::Proxy "(http[^"]+)";$/m.exec(text)?.[1];
}

function noArchive(release: Release): Problem {
  return new Problem({
    code: "prerequisite",
    where: "lab: /etc/apt",
    what: `no mirror of this machine's apt carries ${release.os} (${release.codename})`,
    fix: "add a Debian mirror to /etc/apt/sources.list.d, or run `apt-get update` to see whether the network is up",
  });
}
