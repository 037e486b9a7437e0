// What makes a base system one particular host: names, keys, the operator's user, network, apt's way out.
// Written into the overlay's upper layer before it is mounted. Each entry that a real host does not have is a difference.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Subnet } from "./addresses.ts";

export type Furniture = {
  readonly base: string;
  readonly upper: string;
  readonly hostname: string;
  readonly user: string;
  readonly machineId: string;
  readonly subnet: Subnet;
  /** Files of the host's key pairs, ssh_host_*. */
  readonly hostKeys: readonly string[];
  /** The line for the user's authorized_keys. */
  readonly publicKey: string;
  readonly aptProxy: string;
};

const USER_ID = 1000;

/** The file a twin has and a real host has not, that points apt to the lab. */
export const APT_DROP_IN = "/etc/apt/apt.conf.d/90demesne-lab";
export const NETWORK_FILE = "/etc/systemd/network/10-demesne-lab.network";

export function furnish(twin: Furniture): void {
  const put = placer(twin.base, twin.upper);
  put("/etc/hostname", `${twin.hostname}\n`);
  put("/etc/machine-id", `${twin.machineId}\n`, 0o444);
  put("/etc/hosts", hosts(twin.hostname));
  put("/etc/resolv.conf", "# A twin has no resolver: nothing leaves the machine that runs it.\n");
  put(NETWORK_FILE, network(twin.subnet));
  put(APT_DROP_IN, `Acquire::http::Proxy "${twin.aptProxy}";\n`);
  for (const file of twin.hostKeys) {
    const name = `/etc/ssh/${file.slice(file.lastIndexOf("/") + 1)}`;
    put(name, readFileSync(file, "utf8"), name.endsWith(".pub") ? 0o644 : 0o600);
  }
  // The twin shares this machine's kernel: modules are not its to load.
  makeFolder(twin.base, twin.upper, "/etc/systemd/system");
  symlinkSync("/dev/null", join(twin.upper, "/etc/systemd/system/systemd-modules-load.service"));
  addUser(put, twin);
}

type Put = (path: string, text: string, mode?: number, owner?: number) => void;

/** Writes into the upper layer; folders get the mode and owner that they have in the base. */
function placer(base: string, upper: string): Put {
  return (path, text, mode = 0o644, owner = 0) => {
    makeFolder(base, upper, dirname(path));
    const file = join(upper, path);
    writeFileSync(file, text);
    chmodSync(file, mode);
    chownSync(file, owner, owner);
  };
}

function makeFolder(base: string, upper: string, folder: string): void {
  const made = join(upper, folder);
  if (existsSync(made)) return;
  makeFolder(base, upper, dirname(folder));
  mkdirSync(made);
  const model = statSync(join(base, folder), { throwIfNoEntry: false });
  chmodSync(made, model === undefined ? 0o755 : model.mode & 0o7777);
  if (model !== undefined) chownSync(made, model.uid, model.gid);
}

function addUser(put: Put, { base, upper, user, publicKey }: Furniture): void {
  const home = `/home/${user}`;
  const append = (file: string, line: string, mode: number): void => {
    const group = statSync(join(base, file)).gid;
    put(file, `${readFileSync(join(base, file), "utf8").trimEnd()}\n${line}\n`, mode);
    chownSync(join(upper, file), 0, group);
  };
  append("/etc/passwd", `${user}:x:${USER_ID}:${USER_ID}::${home}:/bin/bash`, 0o644);
  append("/etc/group", `${user}:x:${USER_ID}:`, 0o644);
  append("/etc/shadow", `${user}:!:20000:0:99999:7:::`, 0o640);
  append("/etc/gshadow", `${user}:!::`, 0o640);
  append("/etc/subuid", `${user}:100000:65536`, 0o644);
  append("/etc/subgid", `${user}:100000:65536`, 0o644);
  // As cloud-init writes it.
  put("/etc/sudoers.d/90-cloud-init-users", `${user} ALL=(ALL) NOPASSWD:ALL\n`, 0o440);
  for (const name of [".bashrc", ".profile", ".bash_logout"]) {
    put(`${home}/${name}`, readFileSync(join(base, "/etc/skel", name), "utf8"), 0o644, USER_ID);
  }
  put(`${home}/.ssh/authorized_keys`, `${publicKey}\n`, 0o600, USER_ID);
  own(join(upper, home), 0o755);
  own(join(upper, home, ".ssh"), 0o700);
}

function own(folder: string, mode: number): void {
  chmodSync(folder, mode);
  chownSync(folder, USER_ID, USER_ID);
}

function hosts(hostname: string): string {
  return [
    `127.0.0.1 localhost`,
    `127.0.1.1 ${hostname}`,
    "::1 localhost ip6-localhost ip6-loopback",
    "ff02::1 ip6-allnodes",
    "ff02::2 ip6-allrouters",
    "",
  ].join("\n");
}

/** The twin configures its own network at each boot, as a real host does. */
function network(subnet: Subnet): string {
  return [
    "[Match]",
    "Name=host0",
    "[Network]",
    `Gateway=${subnet.outside4}`,
    `Gateway=${subnet.outside6}`,
    "DHCP=no",
    "IPv6AcceptRA=no",
    "[Address]",
    `Address=${subnet.twin4}/24`,
    "[Address]",
    `Address=${subnet.twin6}/64`,
    // Nobody else can have it, and a second of doubt would be a second in which IPv6 does not answer.
    "DuplicateAddressDetection=none",
    "",
  ].join("\n");
}
