// Everything that can go wrong while a plan is applied, one row each, on a real host with the real command line: what
// `status` says then, that the next plan holds what is left, and that a finished re-run leaves nothing to do.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../src/lib/run.ts";
import type { Seat } from "./seat.ts";
import { openWall } from "./wall.ts";
import type { Ended, Running } from "./watched.ts";

const skip = process.getuid?.() === 0 ? false : "twins need root";
const HOSTS = "inventory/hosts.yaml";
const DEADMAN = "/usr/local/lib/demesne/deadman.py";
const ARMED = "test -e /var/lib/demesne/deadman/armed.json";
/** Twice the shortest that an estate may ask for: a busy machine does something while it is open. */
const WINDOW_SECONDS = 40;

type Fault = {
  readonly name: string;
  /** Makes a plan and applies it, with the fault in between. Answers how the apply ended. */
  readonly fault: (world: World) => Promise<Ended>;
  readonly ends: { readonly status: number; readonly says: RegExp };
  /** What `demesne status` says next. */
  readonly status: RegExp;
};

/** The wall, with a change that is to be made: a file in the first stage, a port in a window. */
type World = Seat & {
  plan(): Promise<void>;
  apply(...more: readonly string[]): Promise<Ended>;
  startApply(...more: readonly string[]): Promise<Running>;
  /** The port that is to be opened. */
  port(): number;
  /** Steps that the ledger says were begun, since the last plan. */
  begun(): number;
  /** Waits until a step of this number has begun. */
  untilStep(step: number): Promise<void>;
  /** Waits in the twin until a shell line succeeds, and does `then` there and then. */
  until(line: string, then?: string): Promise<void>;
  /** Waits until the port is open in the window. No new connection is answered from that moment, so nobody proves access. */
  untilOpen(): Promise<void>;
  /** Lets new connections in again. */
  answer(): Promise<void>;
};

const cutOff = /did not come to its end.*\n.*\n {2}next: plan again/;
const quiet = /^control: quiet\n {2}last apply .*: \d+ changes, 0 left/;

const faults: readonly Fault[] = [
  ...[1, 2, 3].map((step): Fault => ({
    name: `the tool is killed at step ${step}, and Ansible runs on`,
    fault: async (world) => {
      const running = await world.startApply();
      await world.untilStep(step);
      running.kill("SIGKILL");
      return await running.ended();
    },
    ends: { status: 137, says: /^/ },
    status: cutOff,
  })),
  ...[1, 2, 3].map((step): Fault => ({
    name: `Ansible is killed at step ${step}`,
    fault: async (world) => {
      const running = await world.startApply();
      await world.untilStep(step);
      killAll(descendants(running.pid).filter((each) => each.line.includes("ansible-playbook")));
      return await running.ended();
    },
    ends: { status: 9, says: /ansible-playbook ended with|as it was before the window/ },
    // Before the host has noted the plan, nothing was begun there.
    status: step === 1 ? /^control: (attention|quiet)/ : cutOff,
  })),
  {
    name: "the operator's machine is gone while the window is open",
    fault: async (world) => {
      const running = await world.startApply();
      await world.untilOpen();
      killAll([...descendants(running.pid), { pid: running.pid, line: "" }]);
      await world.answer();
      const ended = await running.ended();
      assert.match((await world.demesne("status")).stdout, /the window firewall is open .* put back in \d+ s/);
      await world.until(`! ${ARMED}`);
      return ended;
    },
    ends: { status: 137, says: /^/ },
    status: /did not come to its end; the host put the window firewall back \(nobody proved access in time\)/,
  },
  {
    name: "the host is rebooted while the window is open",
    fault: async (world) => {
      const running = await world.startApply();
      await world.untilOpen();
      killAll([...descendants(running.pid), { pid: running.pid, line: "" }]);
      await world.answer();
      await world.twin.reboot();
      return await running.ended();
    },
    ends: { status: 137, says: /^/ },
    status: /did not come to its end; the host put the window firewall back \(boot\)/,
  },
  {
    name: "the network is cut in the window for longer than the window",
    fault: async (world) => {
      const running = await world.startApply();
      await world.until(ARMED, "ip link set host0 down");
      await world.until(`! ${ARMED}`);
      await world.inTwin("ip link set host0 up");
      await readdress(world);
      return await running.ended();
    },
    ends: { status: 9, says: /it is as it was before the window firewall/ },
    status: /did not come to its end; the host put the window firewall back \(nobody proved access in time\)/,
  },
  {
    name: "sshd is restarted at every step",
    fault: async (world) => {
      const running = await world.startApply();
      for (const step of [1, 2, 3]) {
        await world.untilStep(step);
        await world.inTwin("systemctl restart ssh.service");
      }
      return await running.ended();
    },
    ends: { status: 0, says: /changes applied, 0 left/ },
    status: quiet,
  },
  {
    name: "the host's disk is full",
    fault: async (world) => {
      await world.inTwin(
        "mount -t tmpfs -o size=4k none /usr/local/lib/demesne && dd if=/dev/zero of=/usr/local/lib/demesne/full bs=4k count=1 status=none",
      );
      await world.plan();
      const ended = await world.apply();
      await world.inTwin("umount /usr/local/lib/demesne");
      return ended;
    },
    ends: { status: 9, says: /No space left on device/ },
    // The notes go with the first files: all of them or none.
    status: quiet,
  },
  {
    name: "another program holds apt's lock for a while",
    fault: async (world) => {
      await world.inTwin("dpkg --force-depends --purge nftables >/dev/null 2>&1");
      await world.plan();
      await world.inTwin(
        'systemd-run --quiet --unit=holds-apt python3 -c \'import fcntl, time; f = open("/var/lib/dpkg/lock-frontend", "w"); fcntl.lockf(f, fcntl.LOCK_EX); time.sleep(8)\'',
      );
      return await world.apply();
    },
    ends: { status: 0, says: /changes applied, 0 left/ },
    status: quiet,
  },
  {
    name: "dpkg was stopped half-way",
    fault: async (world) => {
      await world.inTwin(
        "cp /var/lib/dpkg/status /var/lib/dpkg/status.kept && sed -i '/^Package: nftables$/,/^$/s/^Status: .*/Status: install ok half-configured/' /var/lib/dpkg/status",
      );
      const told = await world.demesne("status");
      assert.equal(told.status, 10, told.stdout);
      assert.match(told.stdout, /dpkg was stopped half-way at nftables\n(.*\n)*? {2}next: plan again/);
      await world.plan();
      return await world.apply();
    },
    ends: { status: 0, says: /changes applied, 0 left/ },
    status: quiet,
  },
  {
    name: "a second operator applies at the same time",
    fault: async (world) => {
      const running = await world.startApply();
      await world.untilStep(1);
      const second = await world.apply();
      assert.equal(second.status, 7, second.stderr);
      assert.match(second.stderr, /^host control: is being changed by \S+@\S+ since .*\nfix: wait for it/m);
      return await running.ended();
    },
    ends: { status: 0, says: /changes applied, 0 left/ },
    status: quiet,
  },
  {
    name: "a second operator takes the lease",
    fault: async (world) => {
      const running = await world.startApply();
      await world.untilStep(1);
      const second = await world.apply("--take-lease");
      assert.equal(second.status, 8, second.stderr);
      return await running.ended();
    },
    ends: { status: 7, says: /the lease is lost/ },
    status: cutOff,
  },
  {
    name: "the plan was edited",
    fault: async (world) => {
      const file = join(world.estate.folder, "plan.json");
      writeFileSync(file, readFileSync(file, "utf8").replaceAll(String(world.port()), "9199"));
      return await world.apply();
    },
    ends: { status: 8, says: /was edited|not as it was when/ },
    status: /^control: quiet/,
  },
  {
    name: "a file of the host is tampered with after the plan",
    fault: async (world) => {
      await world.inTwin("echo '# tampered' >> /etc/demesne/firewall.nft");
      return await world.apply();
    },
    ends: { status: 8, says: /has changed since the plan was made, so nothing was done/ },
    status: /^control: quiet/,
  },
  {
    name: "a plan is applied twice",
    fault: async (world) => {
      assert.equal((await world.apply()).status, 0);
      return await world.apply();
    },
    ends: { status: 8, says: /has applied this plan before/ },
    status: quiet,
  },
];

describe("a fault while a plan is applied", { skip, timeout: 1_800_000 }, () => {
  let world: World;
  before(async () => {
    const wall = await openWall();
    wall.estate.edit(HOSTS, "    adopt: []\n", `    adopt: []\n    windowSeconds: ${WINDOW_SECONDS}\n`);
    world = worldOf(wall);
    await world.plan();
    const first = await world.apply();
    assert.equal(first.status, 0, first.stderr);
    assert.match((await world.demesne("status")).stdout, quiet);
  });
  after(() => world?.close());

  for (const { name, fault, ends, status } of faults) {
    test(name, async () => {
      await makeWork(world);
      await world.plan();
      const ended = await fault(world);
      assert.equal(ended.status, ends.status, ended.stderr + ended.stdout);
      assert.match(ended.stderr + ended.stdout, ends.says);
      const told = await settled(world);
      assert.match(told.stdout, status, told.stderr);
      assert.equal(told.status, told.stdout.startsWith("control: attention") ? 10 : 0);
      await finish(world);
    });
  }
});

/** What status says when the host has come to rest: Ansible may run on behind a tool that is gone. */
async function settled(world: World): Promise<Ended> {
  const until = Date.now() + 90_000;
  for (;;) {
    const told = await world.demesne("status");
    if (!told.stdout.startsWith("control: busy") || Date.now() > until) return told;
  }
}

/** Something to do in both kinds of stage: a file that drifted, and another port than the last time. */
async function makeWork(world: World): Promise<void> {
  await world.inTwin(`echo '# drifted' >> ${DEADMAN}`);
  const file = join(world.estate.folder, HOSTS);
  const port = 9100 + ((portIn(file) + 1) % 50);
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => !line.includes("note: work"));
  const open = lines.findIndex((line) => line.includes("note: ssh }"));
  lines.splice(open + 1, 0, `      - { port: ${port}, from: [any], note: work }`);
  writeFileSync(file, lines.join("\n"));
}

function portIn(file: string): number {
  return Number(/port: (\d+), from: \[any\], note: work/.exec(readFileSync(file, "utf8"))?.[1] ?? 0);
}

/** Whatever was left is done by the next plan; then nothing is left, and status is quiet. */
async function finish(world: World): Promise<void> {
  await world.until(`! ${ARMED}`);
  for (const more of [[], ["--take-lease"]]) {
    await world.plan();
    const ended = await world.apply(...more);
    if (ended.status === 0) break;
    assert.equal(ended.status, 7, ended.stderr);
  }
  const again = await world.demesne("plan");
  assert.equal(again.status, 0, again.stdout);
  assert.match((await world.demesne("status")).stdout, /^control: quiet/);
  assert.equal((await world.demesne("log", "verify")).status, 0);
  assert.equal(await world.inTwin("ls /dev/shm /var/lib/demesne | grep -E 'demesne-|lease-' || true"), "");
  assert.equal(await world.inTwin("find / -xdev -name '*.demesne-new' -o -xdev -name '*.demesne-back'"), "");
}

function worldOf(wall: Seat): World {
  const plan = join(wall.estate.folder, "plan.json");
  const port = (): number => portIn(join(wall.estate.folder, HOSTS));
  const until = async (line: string, then = "true"): Promise<void> => {
    await wall.inTwin(`until ${line}; do sleep 0.02; done; ${then}`);
  };
  let from = 0;
  const begun = (): number => steps(wall.estate.folder) - from;
  return {
    ...wall,
    port,
    plan: async () => {
      const ended = await wall.demesne("plan", "--out", plan);
      assert.ok(ended.status === 0 || ended.status === 2, ended.stderr);
      from = steps(wall.estate.folder);
    },
    apply: async (...more) => await wall.demesne("apply", plan, ...more),
    startApply: async (...more) => await wall.start("apply", plan, ...more),
    begun,
    untilStep: async (step) => await waitFor(() => begun() >= step),
    until,
    untilOpen: async () => {
      const isOpen = `${ARMED} && nft list table inet demesne | grep -q ${port()}`;
      await until(isOpen, "systemctl kill --signal=STOP ssh.service");
    },
    answer: async () => void (await wall.inTwin("systemctl kill --signal=CONT ssh.service")),
  };
}

async function waitFor(isTrue: () => boolean): Promise<void> {
  const until = Date.now() + 120_000;
  while (!isTrue()) {
    assert.ok(Date.now() < until, "it did not come to that");
    await sleep(20);
  }
}

/** Steps that the ledger holds. */
function steps(estate: string): number {
  const folder = join(estate, ".demesne", "ledger");
  if (!existsSync(folder)) return 0;
  return readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => readFileSync(join(folder, name), "utf8").split('"kind":"apply/step"').length - 1)
    .reduce((sum, each) => sum + each, 0);
}

type Process = { readonly pid: number; readonly line: string };

/** Everything that a process started, and what those started. */
function descendants(pid: number): Process[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        return [{ pid: Number(name), parent, line: readFileSync(`/proc/${name}/cmdline`, "utf8") }];
      } catch {
        // It ended while it was looked at.
        return [];
      }
    });
  const below = (of: number): Process[] =>
    all.flatMap((each) => (each.parent === of ? [each, ...below(each.pid)] : []));
  return below(pid);
}

function killAll(processes: readonly Process[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }
}

/** A link that was down has lost its IPv6 address and its routes. */
async function readdress(world: World): Promise<void> {
  await world.inTwin(
    `ip address show dev host0 | grep -q ${world.twin.address4} || ip address add ${world.twin.address4}/30 dev host0`,
  );
  await run(["true"], { timeoutMs: 1000 });
}
