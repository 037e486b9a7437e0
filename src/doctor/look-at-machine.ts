// This machine, from which hosts are planned and applied: programs, the age identity, room, the clock, twins.
import { statfs } from "node:fs/promises";
import { pinnedAnsible } from "../apply/index.ts";
import { run } from "../lib/run.ts";
import { bad, looked, ok, type Finding } from "./finding.ts";
import { lookAtIdentity, type Environment } from "./identity.ts";
import { isAtLeast, versionIn } from "./version-number.ts";

export type Machine = {
  readonly env: Environment;
  /** Where ansible-core and base systems are kept. */
  readonly cache: string;
  readonly platform: string;
  readonly uid: number | undefined;
  readonly nodeVersion: string;
  readonly signal: AbortSignal;
};

const TIMEOUT_MS = 20_000;
const MIB = 2 ** 20;
/** What a rehearsal's base system, packages and twin take. */
const ROOM_MIB = 3072;

type Program = {
  readonly name: string;
  readonly argv: readonly string[];
  readonly least: string;
  readonly fix: string;
};

const PROGRAMS: readonly Program[] = [
  { name: "git", argv: ["git", "--version"], least: "2.30", fix: "apt-get install git" },
  // Older ones know no signatures of files and no keys on security tokens.
  { name: "ssh", argv: ["ssh", "-V"], least: "8.2", fix: "apt-get install openssh-client" },
];

/** Every finding about this machine. Never throws for what is wrong with it. */
export async function lookAtMachine(machine: Machine): Promise<readonly Finding[]> {
  const { env, signal } = machine;
  const parts = await Promise.all([
    node(machine),
    ...PROGRAMS.map(async (program) => await lookAtProgram(program, signal)),
    sshKeygen(signal),
    python(signal),
    lookAtIdentity(env, signal),
    sshKeys(signal),
    room(machine),
    clock(signal),
    twins(machine, signal),
  ]);
  return parts.flat();
}

async function node({ nodeVersion }: Machine): Promise<readonly Finding[]> {
  const version = versionIn(nodeVersion) ?? "0";
  if (isAtLeast(version, "26.0")) return [ok("node", version)];
  return [
    bad("error", "node", `is ${version}, and Demesne runs on 26`, "npm ci brings the right one: run demesne with it"),
  ];
}

async function lookAtProgram({ name, argv, least, fix }: Program, signal: AbortSignal): Promise<readonly Finding[]> {
  const said = await says(argv, signal);
  if (said === undefined) return [bad("error", name, "cannot be run", fix)];
  const version = versionIn(said);
  if (version === undefined) return [bad("warning", name, "does not tell its version", fix)];
  if (isAtLeast(version, least)) return [ok(name, version)];
  return [bad("error", name, `is ${version}, and ${least} is needed`, fix)];
}

/** It tells no version; without a key file it complains, which shows that it is there. */
async function sshKeygen(signal: AbortSignal): Promise<readonly Finding[]> {
  const said = await says(["ssh-keygen", "-l", "-f", "/dev/null"], signal);
  if (said !== undefined) return [ok("ssh-keygen", "is there")];
  return [bad("error", "ssh-keygen", "cannot be run: nothing can be signed", "apt-get install openssh-client")];
}

async function python(signal: AbortSignal): Promise<readonly Finding[]> {
  return await looked("python3", async () => {
    const { python: found, version, note } = await pinnedAnsible();
    const venv = await run([found.path, "-I", "-c", "import ensurepip, venv"], { timeoutMs: TIMEOUT_MS, signal });
    if (venv.status === 0) return [ok("python3", `${found.version}, for ansible-core ${version}${note}`)];
    return [bad("error", "python3", "has no venv, into which ansible-core goes", "apt-get install python3-venv")];
  });
}

async function sshKeys(signal: AbortSignal): Promise<readonly Finding[]> {
  const found = await run(["ssh-add", "-l"], { timeoutMs: TIMEOUT_MS, signal }).catch(() => undefined);
  const keys = found?.status === 0 ? found.stdout.trim().split("\n").length : 0;
  if (keys > 0) return [ok("ssh agent", `offers ${keys === 1 ? "one key" : `${keys} keys`}`)];
  const fix = 'eval "$(ssh-agent)" and ssh-add; a key file without a passphrase in ~/.ssh works too';
  return [bad("note", "ssh agent", "offers no key: hosts are reached with a key file, or not at all", fix)];
}

async function room({ cache }: Machine): Promise<readonly Finding[]> {
  const free = await freeMib(cache);
  if (free >= ROOM_MIB) return [ok("disk", `${Math.floor(free / 1024)} GiB free below ${cache}`)];
  const fix = "free some space, or name a folder on another disk: XDG_CACHE_HOME=/mnt/disk";
  return [bad("warning", "disk", `${Math.floor(free)} MiB free below ${cache}; a rehearsal takes ${ROOM_MIB}`, fix)];
}

/** Of the nearest folder that exists. */
async function freeMib(folder: string): Promise<number> {
  const found = await statfs(folder).catch(() => undefined);
  if (found !== undefined) return (found.bavail * found.bsize) / MIB;
  return await freeMib(folder.replace(/\/[^/]*$/, "") || "/");
}

/** Plans and approvals expire by this machine's clock. */
async function clock(signal: AbortSignal): Promise<readonly Finding[]> {
  const argv = ["timedatectl", "show", "--property=NTPSynchronized", "--value"];
  const found = await run(argv, { timeoutMs: TIMEOUT_MS, signal }).catch(() => undefined);
  const said = found?.status === 0 ? found.stdout.trim() : undefined;
  if (said === "yes") return [ok("clock", "is synchronised")];
  const fix = "let it follow a time server: timedatectl set-ntp true";
  if (said === "no") return [bad("warning", "clock", "is not synchronised: plans expire by it", fix)];
  return [bad("note", "clock", "nothing here tells whether it is synchronised", fix)];
}

async function twins({ platform, uid }: Machine, signal: AbortSignal): Promise<readonly Finding[]> {
  const subject = "rehearsal";
  if (platform !== "linux") {
    const fix = "rehearse on a Debian or Ubuntu machine, as root";
    return [bad("note", subject, `twins need Linux, this is ${platform}`, fix)];
  }
  if (uid !== 0) return [bad("note", subject, "twins need root", "run demesne rehearse with sudo")];
  const nspawn = await says(["systemd-nspawn", "--version"], signal);
  const apt = await says(["apt-get", "--version"], signal);
  if (nspawn !== undefined) return [ok(subject, "twins can be booted here")];
  if (apt !== undefined) return [ok(subject, "what twins need is installed by the first rehearsal")];
  const fix = "install debootstrap, systemd-nspawn, iproute2, OpenSSH's client, util-linux and gpgv";
  return [bad("note", subject, "there is no systemd-nspawn, and no apt to get it", fix)];
}

/** What a program says, whatever its status; undefined when it cannot be run. */
async function says(argv: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(argv, { timeoutMs: TIMEOUT_MS, signal });
    return stdout + stderr;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
