// Fifty hosts: each its own network, mounts and name, its own machine-id, host keys and sshd on port 22, over one base system.
// They have no init: what asks systemd is told so, at once. All of them die with one holder, however this process ends.
import { mkdirSync } from "node:fs";
import { connect as dial } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { randomBytes } from "node:crypto";
import { subnetOf, type Subnet } from "../../src/lab/addresses.ts";
import { furnish } from "../../src/lab/furnish.ts";
import { startHolder, type Holder } from "../../src/lab/holder.ts";
import { makeKeys, type TwinKeys } from "../../src/lab/keys.ts";
import { prepareLab } from "../../src/lab/lab.ts";
import { connect } from "../../src/lab/link.ts";
import { freeSlot, noteHolder, takeSlot } from "../../src/lab/slots.ts";
import { run } from "../../src/lib/run.ts";

export const USER = "ops";

export type FleetHost = { readonly id: string; readonly address: string; readonly hostKeys: readonly string[] };

export type Fleet = {
  readonly hosts: readonly FleetHost[];
  readonly holder: Holder;
  /** This machine's end of the link to all of them. */
  readonly link: string;
  /** The key that logs in everywhere. */
  readonly identityFile: string;
  readonly publicKey: string;
  close(): Promise<void>;
};

const START_MS = 120_000;

// What a host is made of. Everything is made by the host itself in its own mount namespace; `netns 1` is the holder's network.
const HOST = `
plug=$1 address=$2 folder=$3 base=$4 name=$5
ip link add eth0 type veth peer name "$plug" netns 1
hostname "$name"
ip link set lo up
ip address add "$address/24" dev eth0
ip link set eth0 up
mount -t overlay overlay -o "lowerdir=$base,upperdir=$folder/upper,workdir=$folder/work,volatile" "$folder/root"
cd "$folder/root"
mount -t proc proc proc
mount -t tmpfs tmpfs run
mkdir run/sshd
mkdir -p var/lib/demesne
printf '{"format":1,"owned":[]}\\n' > var/lib/demesne/owned.json
exec chroot . /usr/sbin/sshd -D -e`;

export async function startFleet(count: number): Promise<Fleet> {
  const lab = await prepareLab({ progress: { step: () => {}, detail: () => {} } });
  const base = (await lab.base("debian-13")).folder;
  const slot = await takeSlot(join(lab.cache, "twins"), base);
  try {
    const holder = await startHolder();
    noteHolder(slot, holder.mark);
    const subnet = subnetOf(slot.number);
    await connect(subnet, holder);
    const login = await makeKeys(join(slot.folder, "login"), "bench");
    const one = { slot: slot.folder, subnet, base, holder, publicKey: login.publicKey };
    const hosts = await Promise.all(Array.from({ length: count }, async (_, at) => await startHost({ ...one, at })));
    return {
      hosts,
      holder,
      link: subnet.link,
      identityFile: login.identityFile,
      publicKey: login.publicKey,
      close: async () => {
        await holder.end();
        await freeSlot(slot);
      },
    };
  } catch (error) {
    await freeSlot(slot);
    throw error;
  }
}

type HostRequest = {
  readonly at: number;
  readonly slot: string;
  readonly subnet: Subnet;
  readonly base: string;
  readonly holder: Holder;
  readonly publicKey: string;
};

async function startHost({ at, slot, subnet, base, holder, publicKey }: HostRequest): Promise<FleetHost> {
  const id = at === 0 ? "control" : `node-${at}`;
  const folder = join(slot, id);
  const { address4: address } = subnet.neighbour(at);
  for (const part of ["upper", "work", "root"]) mkdirSync(join(folder, part), { recursive: true });
  const keys = await makeKeys(join(folder, "keys"), id);
  furnishHost({ base, upper: join(folder, "upper"), id, subnet, keys, publicKey });
  const plug = `host${at}`;
  const alone = ["unshare", "--mount", "--net", "--uts", "--propagation", "private", "sh", "-euc", HOST, "host"];
  const ended = run(holder.enter([...alone, plug, address, folder, base, id]), { timeoutMs: 20 * 60_000 });
  let said: string | undefined;
  ended.then(
    ({ stderr }) => (said = stderr),
    (error: unknown) => (said = String(error)),
  );
  await plugged(holder, plug, () => said);
  await answering(address, () => said);
  return { id, address, hostKeys: keys.hostKeys };
}

function furnishHost(one: {
  readonly base: string;
  readonly upper: string;
  readonly id: string;
  readonly subnet: Subnet;
  readonly keys: TwinKeys;
  readonly publicKey: string;
}): void {
  const { base, upper, id, subnet, keys, publicKey } = one;
  furnish({
    base,
    upper,
    subnet,
    publicKey,
    hostname: id,
    user: USER,
    machineId: randomBytes(16).toString("hex"),
    hostKeys: keys.hostKeyFiles,
    // Nothing is installed here.
    aptProxy: "http://127.0.0.1:9",
  });
}

async function plugged(holder: Holder, plug: string, said: () => string | undefined): Promise<void> {
  const argv = holder.enter(["ip", "link", "set", plug, "master", "lab0", "up", "addrgenmode", "none"]);
  await until(`${plug} is there`, said, async () => (await run(argv, { timeoutMs: 10_000 })).status === 0);
}

async function answering(address: string, said: () => string | undefined): Promise<void> {
  await until(`${address} answers`, said, async () => await greets(address));
}

async function greets(address: string): Promise<boolean> {
  return await new Promise<boolean>((resolve) => {
    const socket = dial({ host: address, port: 22, timeout: 2000 });
    const end = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("data", end(true)).once("error", end(false)).once("timeout", end(false)).once("close", end(false));
  });
}

async function until(what: string, said: () => string | undefined, is: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (!(await is())) {
    if (said() !== undefined) throw new Error(`a host of the fleet ended: ${said()}`);
    if (Date.now() > deadline) throw new Error(`the fleet: not in time: ${what}`);
    await sleep(200);
  }
}
