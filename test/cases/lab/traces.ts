// What a twin leaves its marks on, looked at from this machine: to show that nothing is left when it is gone.
// Other twins may come and go meanwhile, so the marks are this twin's own.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import type { Twin } from "../../../src/lab/index.ts";

export type Traces = {
  readonly slot: number;
  readonly folder: string;
  /** Each process in the twin's namespaces, as pid and start time: numbers of namespaces are used again at once. */
  readonly processes: readonly string[];
};

/** What the wires of `test/cases/verify/namespaces.ts` are called. */
const WIRES = "demesne-verify-";

/** To be taken while the twin lives. */
export function tracesOf(twin: Twin): Traces {
  const { slot, holder } = twin.wires;
  const leader = Number(/\d+/.exec(twin.root())?.[0]);
  const own = new Set(namespacesOf(process.pid));
  const namespaces = new Set([holder.pid, leader].flatMap(namespacesOf).filter((name) => !own.has(name)));
  const processes = pids().filter((pid) => namespacesOf(pid).some((name) => namespaces.has(name)));
  return { slot: slot.number, folder: slot.folder, processes: processes.map(startOf) };
}

/** Sentences about what is still there; none when all is gone, though another twin may have the slot by now. */
export function leftovers({ slot, folder, processes }: Traces): string[] {
  const before = ownerOf(slot);
  const marks = marksOf(slot);
  const passedOn = [before, ownerOf(slot)].some((owner) => owner !== undefined && owner !== folder);
  const found: Record<string, boolean> = {
    ...(passedOn ? {} : marks),
    [`folder ${folder}`]: existsSync(folder),
    "a mount": readFileSync("/proc/mounts", "utf8").includes(folder),
    "a named namespace": ip("netns")
      .split("\n")
      .some((name) => name !== "" && !name.startsWith(WIRES)),
  };
  const alive = pids().filter((pid) => processes.includes(startOf(pid)) && commandOf(pid) !== "");
  return [
    ...Object.keys(found).filter((what) => found[what] === true),
    ...alive.map((pid) => `process ${pid} ${commandOf(pid)}`),
  ];
}

/** This machine's mounts that twins of a process have left. Whatever else runs here makes and removes its own meanwhile. */
export function mountsOf(owner: number): string[] {
  const folder = new RegExp(`/twins/\\d+-${owner}\\b`);
  return read("/proc/mounts")
    .split("\n")
    .filter((line) => folder.test(line));
}

/** The folder of the twin that a slot's record names. */
function ownerOf(slot: number): string | undefined {
  const record = read(recordOf(slot));
  return record === "" ? undefined : JSON.parse(record).folder;
}

/** What bears the slot's number, which the next twin gets as soon as it is free. */
function marksOf(slot: number): Record<string, boolean> {
  const link = `dml${slot}`;
  const control = execFileSync("unshare", ["-m", "sh", "-c", "mount -t cgroup2 none /sys/fs/cgroup; ls /sys/fs/cgroup"]);
  return {
    [`link ${link}`]: names(ip("-o", "link")).includes(link),
    [`rule for ${link} (IPv4)`]: names(ip("-4", "rule")).includes(link),
    [`rule for ${link} (IPv6)`]: names(ip("-6", "rule")).includes(link),
    [`control group ${slot}`]: control.toString().split("\n").includes(`demesne-lab-${slot}`),
    [`record ${slot}`]: existsSync(recordOf(slot)),
  };
}

function recordOf(slot: number): string {
  return `/run/demesne-lab/slot-${slot}.json`;
}

/** Processes started by this one that still run, but the one that lists them. */
export function childrenOf(parent: number): string[] {
  return pids()
    .filter((pid) => new RegExp(`^PPid:\\s+${parent}$`, "m").test(read(`/proc/${pid}/status`)) && commandOf(pid) !== "")
    .map((pid) => `${pid} ${commandOf(pid)}`);
}

/** Processes whose command line holds a text. */
export function processesNaming(text: string): string[] {
  return pids()
    .filter((pid) => commandOf(pid).includes(text))
    .map((pid) => `${pid} ${commandOf(pid)}`);
}

/** The process that waits for `owner` to end without cleaning up. */
export function reapersOf(owner: number): number[] {
  return pids().filter((pid) => {
    const command = commandOf(pid);
    return command.startsWith("sh -c ") && command.includes(`{"pid":${owner},`);
  });
}

function startOf(pid: number): string {
  return `${pid} ${read(`/proc/${pid}/stat`).split(" ")[21]}`;
}

function namespacesOf(pid: number): string[] {
  return ["net", "mnt", "pid"].flatMap((kind) => {
    try {
      return [readlinkSync(`/proc/${pid}/ns/${kind}`)];
    } catch {
      return [];
    }
  });
}

function pids(): number[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number);
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function ip(...args: string[]): string {
  return execFileSync("ip", args).toString();
}

function names(text: string): string[] {
  return text.split(/[\s:@]+/);
}
