// Runs systemd-nspawn over the twin's overlay and starts it again when the twin reboots (nspawn then ends with 133).
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { plainEnv } from "./command.ts";
import { joinControlGroup } from "./control-group.ts";
import type { Holder } from "./holder.ts";
import { BRIDGE } from "./link.ts";

export type ContainerRequest = {
  readonly slot: number;
  readonly holder: Holder;
  readonly folder: string;
  /** Host folder -> path in the twin. */
  readonly binds: ReadonlyMap<string, string>;
};

export type Container = {
  /** Process 1 of the twin as this machine sees it; undefined while it is not running. */
  leader(): number | undefined;
  /** It stopped, and not for a reboot. */
  hasEnded(): boolean;
  /** How often it has been started. */
  boots(): number;
  /** The last lines of its console. */
  console(): string;
  /** No more restarts; what runs is ended with the holder. */
  retire(): void;
};

const REBOOT = 133;

// These would reach through to the machine: its clock, its kernel's modules, its ports and memory.
export const WITHHELD = ["sys_time", "sys_module", "sys_rawio", "wake_alarm"];

export function startContainer(request: ContainerRequest): Container {
  let retired = false;
  let boots = 0;
  let child: ChildProcess;
  let found: number | undefined;
  let ended = false;
  const start = (): void => {
    boots += 1;
    found = undefined;
    child = spawnContainer(request);
    child.once("exit", (status) => {
      if (status === REBOOT && !retired) start();
      else ended = true;
    });
  };
  start();
  return {
    leader: () => {
      if (child.exitCode !== null || child.signalCode !== null) return undefined;
      return (found ??= findLeader(request.holder.pid));
    },
    hasEnded: () => ended,
    boots: () => boots,
    console: () => lastLines(consoleOf(request)),
    retire: () => {
      retired = true;
    },
  };
}

function spawnContainer(request: ContainerRequest): ChildProcess {
  const console = openSync(consoleOf(request), "a", 0o600);
  const [program = "", ...args] = request.holder.enter(joinControlGroup(request.slot, nspawn(request)));
  const child = spawn(program, args, { stdio: ["ignore", console, console], env: plainEnv, detached: true });
  closeSync(console);
  child.unref();
  return child;
}

function nspawn({ slot, folder, binds }: ContainerRequest): string[] {
  return [
    "systemd-nspawn",
    "--quiet",
    "--boot",
    `--directory=${join(folder, "root")}`,
    `--machine=twin-${slot}`,
    `--network-bridge=${BRIDGE}`,
    "--private-users=no",
    "--capability=all",
    `--drop-capability=${WITHHELD.map((name) => `CAP_${name.toUpperCase()}`).join(",")}`,
    // Docker's needs beyond nspawn's default filter.
    "--system-call-filter=@keyring bpf",
    "--register=no",
    "--keep-unit",
    "--console=read-only",
    "--resolv-conf=off",
    "--timezone=off",
    "--link-journal=no",
    ...[...binds].map(([from, to]) => `--bind=${from}:${to}`),
  ];
}

/** The twin's process 1: its parent, nspawn, lives in the holder's pid namespace and it is 1 in the one below. */
function findLeader(holderPid: number): number | undefined {
  const namespace = pidNamespace(holderPid);
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .find((pid) => {
      const { ids, parent } = statusOf(pid);
      return ids.length > 2 && ids.at(-1) === "1" && pidNamespace(parent) === namespace;
    });
}

function statusOf(pid: number): { ids: readonly string[]; parent: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const ids = /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
    return { ids, parent: Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]) };
  } catch {
    return { ids: [], parent: 0 };
  }
}

function pidNamespace(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return "";
  }
}

/** Empty when the twin is gone, and its console with it. */
function lastLines(file: string): string {
  if (!existsSync(file)) return "";
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-12).join("\n");
}

function consoleOf({ folder }: ContainerRequest): string {
  return join(folder, "console.log");
}
