// A disposable host that this machine boots itself, and that looks like one a provider has just handed over.
import { mkdirSync, readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "../lib/problem.ts";
import { type RunResult, run } from "../lib/run.ts";
import type { HostAddress } from "../host/index.ts";
import { type Subnet, subnetOf } from "./addresses.ts";
import { plainEnv } from "./command.ts";
import { type Container, WITHHELD, startContainer } from "./container.ts";
import { makeControlGroup } from "./control-group.ts";
import { type Difference, differencesOf } from "./differences.ts";
import { Ending } from "./ending.ts";
import { furnish } from "./furnish.ts";
import { type Holder, startHolder } from "./holder.ts";
import { type TwinKeys, makeKeys } from "./keys.ts";
import type { Base, Lab } from "./lab.ts";
import { makeLayers, mountLayers } from "./layers.ts";
import { connect } from "./link.ts";
import type { TwinOs } from "./releases.ts";
import { standBy } from "./reaper.ts";
import { type Slot, freeSlot, noteHolder, takeSlot } from "./slots.ts";
import { sshAnswers } from "./ssh-answer.ts";
import { requireWayIn } from "./way-in.ts";

export type TwinRequest = {
  /** The host's id in the estate. */
  readonly id: string;
  readonly os: TwinOs;
  /** The operator's user on the real host: not root, with sudo. */
  readonly user: string;
  /** The real host's address, for the list of differences. */
  readonly realAddress?: string | undefined;
  readonly signal?: AbortSignal | undefined;
};

export type TwinExecOptions = {
  readonly input?: string | Uint8Array | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
};

export type Twin = {
  readonly id: string;
  /** How to reach it over SSH, host keys pinned. */
  readonly address: HostAddress;
  readonly address4: string;
  readonly address6: string;
  /** This machine on the twin's link. */
  readonly outside4: string;
  readonly outside6: string;
  readonly os: { readonly id: string; readonly version: string; readonly pretty: string };
  /** Why the system is another than the one asked for. */
  readonly reason?: string | undefined;
  /** What nobody may take for the real host's. */
  readonly differences: readonly Difference[];
  readonly aptProxy: string;
  /** For the lab's own use. */
  readonly wires: Wires;
  /** The twin's file system as this machine sees it; another path after a reboot. */
  root(): string;
  /** Runs a program in the twin as its root, not through SSH. */
  exec(argv: readonly string[], options: TwinExecOptions): Promise<RunResult>;
  /** Restarts it and waits for SSH. */
  reboot(signal?: AbortSignal): Promise<void>;
  /** Removes the twin and all that belongs to it. */
  destroy(): Promise<void>;
};

export type Wires = {
  readonly slot: Slot;
  readonly subnet: Subnet;
  readonly holder: Holder;
  readonly ending: Ending;
  /** A number no neighbour of this twin has yet. */
  nextPlace(): number;
};

const BOOT_MS = 60_000;
const PAUSE_MS = 15;

/** Boots a fresh twin and waits for SSH. Whatever fails on the way is removed again. */
export async function bootTwin(lab: Lab, request: TwinRequest): Promise<Twin> {
  const base = await lab.base(request.os, request.signal);
  const slot = await takeSlot(join(lab.cache, "twins"), basename(base.folder), request.signal);
  const ending = new Ending();
  ending.before(standBy());
  ending.before(() => freeSlot(slot));
  try {
    return await assemble(lab, request, base, slot, ending);
  } catch (error) {
    await ending.end();
    throw error;
  }
}

async function assemble(lab: Lab, request: TwinRequest, base: Base, slot: Slot, ending: Ending): Promise<Twin> {
  const subnet = subnetOf(slot.number);
  mkdirSync(slot.folder, { recursive: true, mode: 0o700 });
  const [holder, keys] = await Promise.all([startHolder(), makeKeys(join(slot.folder, "keys"), `twin-${request.id}`)]);
  ending.before(() => holder.end());
  noteHolder(slot, holder.mark);
  await connect(subnet, holder);
  const proxy = await lab.proxy.listen(subnet.outside4);
  ending.before(() => proxy.close());
  const layers = makeLayers(slot.folder);
  furnish({
    base: base.folder,
    upper: layers.upper,
    hostname: request.id,
    user: request.user,
    machineId: randomBytes(16).toString("hex"),
    subnet,
    hostKeys: keys.hostKeyFiles,
    publicKey: keys.publicKey,
    aptProxy: proxy.url,
  });
  await mountLayers(holder, base.folder, layers);
  const controllers = await makeControlGroup(slot.number, holder);
  const container = startContainer({ slot: slot.number, holder, folder: slot.folder, binds: layers.binds });
  ending.before(() => container.retire());
  const twin = describe({
    request,
    base,
    slot,
    subnet,
    keys,
    holder,
    ending,
    controllers,
    container,
    aptProxy: proxy.url,
  });
  await answers(twin, container, request.signal);
  await requireWayIn(twin, proxy.url);
  // Told to stop in the last moment: nobody takes the twin any more.
  request.signal?.throwIfAborted();
  return twin;
}

type Parts = {
  readonly request: TwinRequest;
  readonly base: Base;
  readonly slot: Slot;
  readonly subnet: Subnet;
  readonly keys: TwinKeys;
  readonly holder: Holder;
  readonly ending: Ending;
  readonly controllers: readonly string[];
  readonly container: Container;
  readonly aptProxy: string;
};

function describe({
  request,
  base,
  slot,
  subnet,
  keys,
  holder,
  ending,
  controllers,
  container,
  aptProxy,
}: Parts): Twin {
  const { id, user, realAddress } = request;
  const { hostKeys, identityFile } = keys;
  const os = osRelease(base.folder);
  let places = 0;
  const twin: Twin = {
    id,
    address: { id, address: subnet.twin4, port: 22, user, hostKeys, identityFile },
    address4: subnet.twin4,
    address6: subnet.twin6,
    outside4: subnet.outside4,
    outside6: subnet.outside6,
    os,
    reason: base.reason,
    differences: differencesOf({ subnet, realAddress, pretty: os.pretty, reason: base.reason, controllers }),
    aptProxy,
    wires: { slot, subnet, holder, ending, nextPlace: () => (places += 1) - 1 },
    root: () => `/proc/${leaderOf(container, id)}/root`,
    exec: async (argv, options) => await run(enterTwin(leaderOf(container, id), argv), { ...options, env: plainEnv }),
    reboot: (signal) => reboot(twin, container, signal),
    destroy: () => ending.end(),
  };
  return twin;
}

async function answers(twin: Twin, container: Container, signal: AbortSignal | undefined): Promise<void> {
  await sshAnswers({ address: twin.address4, timeoutMs: BOOT_MS, signal, ...container });
}

async function reboot(twin: Twin, container: Container, signal: AbortSignal | undefined): Promise<void> {
  const before = container.boots();
  await twin.exec(["systemctl", "reboot"], { timeoutMs: 10_000, signal });
  const deadline = AbortSignal.timeout(BOOT_MS);
  while (container.boots() === before) {
    signal?.throwIfAborted();
    if (deadline.aborted) throw stuck(twin.id, container.console());
    await sleep(PAUSE_MS);
  }
  await sshAnswers({ address: twin.address4, timeoutMs: BOOT_MS, signal, ...container });
}

/** argv that runs in all of the twin's namespaces, without the powers that reach this machine. */
function enterTwin(leader: number, argv: readonly string[]): string[] {
  const withheld = WITHHELD.map((name) => `-${name}`).join(",");
  const enter = ["nsenter", "--target", String(leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"];
  return ["setpriv", `--bounding-set=${withheld}`, "--", ...enter, "--wd", "--", ...argv];
}

function leaderOf(container: Container, id: string): number {
  const leader = container.leader();
  if (leader !== undefined) return leader;
  throw new Problem({
    code: "unreachable",
    where: `lab twin ${id}`,
    what: "is not running",
    fix: `boot a new one; this one's console ended with:\n${container.console()}`,
  });
}

function osRelease(base: string): Twin["os"] {
  const text = readFileSync(join(base, "etc/os-release"), "utf8");
  const value = (name: string): string => new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(text)?.[1] ?? "";
  return { id: value("ID"), version: value("VERSION_ID"), pretty: value("PRETTY_NAME") };
}

function stuck(id: string, lastLines: string): Problem {
  return new Problem({
    code: "failed",
    where: `lab twin ${id}`,
    what: `was told to reboot and did not; its console ends with:\n${lastLines}`,
    fix: "look at what keeps it from stopping: systemctl list-jobs in the twin",
  });
}
