// Real twins on this machine: booted, logged into, rebooted, spoken to by a neighbour, and gone without a trace.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SshHost } from "../../src/host/index.ts";
import { type Lab, type Twin, bootTwin, joinNeighbour, prepareLab } from "../../src/lab/index.ts";
import { alone } from "../../src/lab/mutex.ts";
import { markOf } from "../../src/lab/process-mark.ts";
import { requireWayIn } from "../../src/lab/way-in.ts";
import { type Traces, childrenOf, leftovers, mountsOf, reapersOf, tracesOf } from "../cases/lab/traces.ts";

const skip = process.getuid?.() === 0 ? false : "twins need root";
const progress = { step: () => {}, detail: () => {} };
const STRANGER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
const seconds = (count: number) => ({ timeoutMs: count * 1000 });

async function inTwin(twin: Twin, command: string, limit = 120): Promise<string> {
  const result = await twin.exec(["sh", "-c", command], seconds(limit));
  assert.equal(result.status, 0, `${command}: ${result.stderr}`);
  return result.stdout.trim();
}

async function gone(traces: Traces): Promise<void> {
  for (let tries = 0; tries < 600 && leftovers(traces).length > 0; tries += 1) await sleep(50);
  assert.deepEqual(leftovers(traces), []);
}

/** What was killed needs a moment to be counted out. */
async function childless(): Promise<void> {
  for (let tries = 0; tries < 600 && childrenOf(process.pid).length > 0; tries += 1) await sleep(50);
  assert.deepEqual(childrenOf(process.pid), []);
}

describe("a twin", { skip }, () => {
  let lab: Lab;
  let twin: Twin;
  let other: Twin;
  before(async () => {
    lab = await prepareLab({ progress });
    [twin, other] = await Promise.all([
      bootTwin(lab, { id: "control", os: "debian-13", user: "ops" }),
      bootTwin(lab, { id: "gpu", os: "debian-13", user: "ops" }),
    ]);
  });
  after(async () => {
    await Promise.all([twin?.destroy(), other?.destroy()]);
  });

  test("lets its user in with the pinned key, over both address families, and to root with sudo", async () => {
    for (const address of [twin.address4, twin.address6]) {
      const host = await SshHost.open({ ...twin.address, address });
      const result = await host.run(["id", "-un"], seconds(60));
      await host.close();
      assert.equal(result.stdout.trim(), "root", result.stderr);
    }
    assert.match(await inTwin(twin, "id ops"), /^uid=1000\(ops\)/);
  });

  test("is refused when it shows another host key than the pinned one", async () => {
    const host = await SshHost.open({ ...twin.address, hostKeys: [STRANGER] });
    await assert.rejects(host.run(["true"], seconds(60)), { name: "Problem", code: "unreachable" });
    await host.close();
  });

  test("shares no identity with a twin that runs beside it", async () => {
    assert.notDeepEqual(twin.address.hostKeys, other.address.hostKeys);
    assert.notEqual(twin.address4, other.address4);
    assert.notEqual(await inTwin(twin, "cat /etc/machine-id"), await inTwin(other, "cat /etc/machine-id"));
    assert.equal(await inTwin(twin, "hostname"), "control");
    assert.equal(await inTwin(other, "hostname"), "gpu");
    const former = { slot: twin.wires.slot.number, folder: "/gone/0-1", processes: [] };
    assert.deepEqual(leftovers(former), [], "nor is it taken for one that had its slot before");
  });

  test("looks like a host that was just handed over", async () => {
    assert.equal(await inTwin(twin, "systemctl is-system-running --wait", 120), "running");
    assert.equal(twin.os.id, "debian");
    assert.equal(twin.os.version, "13");
    const sources = await inTwin(twin, "cat /etc/apt/sources.list.d/debian.sources");
    for (const suite of ["trixie", "trixie-updates", "trixie-security"])
      assert.match(sources, new RegExp(`\\b${suite}\\b`));
    assert.match(await inTwin(twin, "ls -A /var/lib/docker /var/lib/apt/lists | grep -c deb || true"), /^0$/);
    assert.ok(twin.differences.length > 10);
  });

  test("installs packages through the lab's proxy, which goes nowhere else", async () => {
    await inTwin(twin, "apt-get -q update && apt-get -q -y install hello", 120);
    assert.equal(await inTwin(twin, "hello"), "Hello, world!");
    const elsewhere = `http_proxy=${twin.aptProxy} python3 -c "import urllib.request as r; r.urlopen('http://198.18.0.1/')"`;
    const refused = await twin.exec(["sh", "-c", elsewhere], seconds(60));
    assert.match(refused.stderr, /HTTP Error 403/);
  });

  test("is not called ready when this machine keeps it out", async () => {
    const shut = requireWayIn(twin, `http://${twin.outside4}:9`);
    await assert.rejects(shut, { name: "Problem", code: "prerequisite", what: /refused/i, fix: /198\.18\.0\.0\/15/ });
  });

  test("reaches nothing outside this machine", async () => {
    for (const address of ["203.0.113.1", "2001:db8::1"]) {
      const result = await twin.exec(["bash", "-c", `exec 3<>/dev/tcp/${address}/80`], seconds(2));
      assert.notEqual(result.status, 0, address);
    }
  });

  test("cannot set this machine's kernel, modules or clock, but its own network", async () => {
    const host = await SshHost.open(twin.address);
    const kernel = await host.run(
      ["sysctl", "-w", "kernel.dmesg_restrict=1", "vm.swappiness=1", "fs.protected_fifos=2"],
      seconds(60),
    );
    const network = await host.run(["sysctl", "-w", "net.ipv4.conf.all.log_martians=1"], seconds(60));
    await host.close();
    assert.notEqual(kernel.status, 0);
    assert.doesNotMatch(kernel.stdout, /=/);
    assert.equal(network.stdout.trim(), "net.ipv4.conf.all.log_martians = 1");
    const clock = await twin.exec(["date", "-s", "+1 second"], seconds(60));
    assert.match(clock.stderr, /not permitted/);
    assert.equal(await inTwin(twin, "systemctl is-enabled systemd-modules-load || true"), "masked");
  });

  test("is seen by a neighbour on its wire, also behind it", async () => {
    const neighbour = await joinNeighbour(twin);
    await inTwin(twin, "ip addr add 10.99.0.1/24 dev lo");
    await inTwin(twin, "ip -6 addr add fd99::1/64 dev lo nodad");
    await neighbour.routeThroughTwin("10.99.0.0/24");
    await neighbour.routeThroughTwin("fd99::/64");
    for (const address of [twin.address4, twin.address6, "10.99.0.1", "fd99::1"]) {
      const greeting = await neighbour.run(
        ["bash", "-c", `exec 3<>/dev/tcp/${address}/22; head -c 4 <&3`],
        seconds(60),
      );
      assert.equal(greeting.stdout, "SSH-", address);
    }
    const machine = await neighbour.run(["bash", "-c", `exec 3<>/dev/tcp/${other.address4}/22`], seconds(2));
    assert.notEqual(machine.status, 0, "a neighbour must not reach another twin's wire");
    await neighbour.leave();
  });

  test("keeps its disk through a reboot and loses what a reboot loses", async () => {
    await inTwin(twin, "nft add table inet scratch && touch /var/kept /run/lost");
    const boot = await inTwin(twin, "cat /proc/sys/kernel/random/boot_id");
    await twin.reboot();
    assert.notEqual(await inTwin(twin, "cat /proc/sys/kernel/random/boot_id"), boot);
    assert.equal(await inTwin(twin, "nft list tables; ls /var/kept /run/lost 2>/dev/null || true"), "/var/kept");
    const host = await SshHost.open({ ...twin.address, address: twin.address6 });
    assert.equal((await host.run(["true"], seconds(60))).status, 0);
    await host.close();
  });

  test("comes back from a reboot that was asked for over SSH", async () => {
    const boot = await inTwin(twin, "cat /proc/sys/kernel/random/boot_id");
    const host = await SshHost.open(twin.address);
    await host.run(["systemctl", "reboot"], seconds(60)).catch(() => undefined);
    for (let now = boot; now === boot; await sleep(100)) {
      now = await host.run(["cat", "/proc/sys/kernel/random/boot_id"], seconds(60)).then(
        ({ stdout }) => stdout.trim(),
        () => boot,
      );
    }
    await host.close();
  });

  test("is gone without a trace, and the other one lives on", async () => {
    const neighbour = await joinNeighbour(twin);
    const traces = tracesOf(twin);
    assert.notDeepEqual(leftovers(traces), [], "the check must see a twin that lives");
    await twin.destroy();
    assert.deepEqual(leftovers(traces), []);
    await assert.rejects(twin.exec(["true"], seconds(60)), { name: "Problem", code: "unreachable" });
    assert.notEqual((await neighbour.run(["true"], seconds(60))).status, 0);
    assert.equal(await inTwin(other, "hostname"), "gpu");
    await other.destroy();
    assert.deepEqual(mountsOf(process.pid), []);
    await childless();
  });
});

describe("a twin that is not removed in order", { skip }, () => {
  const holders: ChildProcess[] = [];
  after(() => holders.forEach((holder) => holder.kill("SIGTERM")));

  async function held(): Promise<{ holder: ChildProcess; traces: Traces }> {
    const holder = spawn(process.execPath, [join(import.meta.dirname, "../cases/lab/hold-a-twin.ts")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    holders.push(holder);
    const [line] = await Promise.race([
      once(holder.stdout, "data"),
      once(holder, "exit").then(() => assert.fail("it ended before its twin was up")),
    ]);
    return { holder, traces: JSON.parse(String(line)) };
  }

  for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
    test(`is removed when its process ends by ${signal}`, async () => {
      const { holder, traces } = await held();
      holder.kill(signal);
      await gone(traces);
    });
  }

  test("is removed by the next start when nothing else could, while living ones are let be", async () => {
    const [dead, alive] = await Promise.all([held(), held()]);
    // Nobody is left to notice that the process has gone, and no test that runs beside this one may sweep.
    await alone("/run/demesne-lab/lock", { timeoutMs: 60_000 }, async () => {
      for (const reaper of reapersOf(dead.holder.pid ?? 0)) process.kill(reaper, "SIGKILL");
      dead.holder.kill("SIGKILL");
      await once(dead.holder, "exit");
      await sleep(300);
      assert.notDeepEqual(leftovers(dead.traces), []);
    });
    await prepareLab({ progress });
    assert.deepEqual(leftovers(dead.traces), []);
    assert.ok(leftovers(alive.traces).some((what) => what.startsWith("process")));
    alive.holder.kill("SIGTERM");
    await gone(alive.traces);
  });

  test("is let be when it was made by another version, as long as its process lives", async () => {
    const record = "/run/demesne-lab/slot-500.json";
    const owner = markOf(process.pid);
    writeFileSync(record, JSON.stringify({ format: 2, owner, unheard: "of" }));
    await prepareLab({ progress });
    assert.ok(existsSync(record));
    writeFileSync(record, JSON.stringify({ format: 2, owner: { ...owner, start: "1" }, unheard: "of" }));
    await prepareLab({ progress });
    assert.ok(!existsSync(record));
  });

  test("leaves nothing when it is given up while it boots", async () => {
    const lab = await prepareLab({ progress });
    for (const afterMs of [0, 50, 200, 400]) {
      const stop = new AbortController();
      const boot = bootTwin(lab, { id: "early", os: "debian-13", user: "ops", signal: stop.signal });
      await sleep(afterMs);
      stop.abort(new Error("enough"));
      await assert.rejects(boot, { message: "enough" });
    }
    const folders = readdirSync(join(lab.cache, "twins")).filter((name) => name.endsWith(`-${process.pid}`));
    assert.deepEqual(folders, []);
    await childless();
  });
});
