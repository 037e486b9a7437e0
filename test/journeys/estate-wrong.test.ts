// What can be wrong around an estate: each gets one clear error with a fix and its own exit code, and nothing is left behind
// or written by half, neither here nor there.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../src/lib/run.ts";
import { assertEnds } from "./watched.ts";
import type { Seat } from "./seat.ts";
import { openWall } from "./wall.ts";

const skip = process.getuid?.() === 0 ? false : "twins need root";
const HOSTS = "inventory/hosts.yaml";
const STRANGER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

describe("what is wrong around an estate", { skip, timeout: 1_200_000 }, () => {
  let wall: Seat;
  before(async () => {
    wall = await openWall();
  });
  after(() => wall?.close());

  /** Runs `work` while a file of the estate reads otherwise. */
  async function whileEdited(from: string, to: string, work: () => Promise<void>): Promise<void> {
    wall.estate.edit(HOSTS, from, to);
    await work().finally(() => wall.estate.edit(HOSTS, to, from));
  }

  test("a host that nobody answers for", async () => {
    await whileEdited(wall.twin.address4, "198.18.255.250", async () => {
      assertEnds(
        await wall.demesne("plan"),
        6,
        /^host control: cannot connect to operator@198\.18\.255\.250.*\nfix: .*address/m,
      );
    });
  });

  test("a host that takes packets and says nothing", async () => {
    await wall.inTwin(
      "nft 'add table inet mute; add chain inet mute in { type filter hook input priority 0; }; add rule inet mute in tcp dport 22 drop'",
    );
    assertEnds(await wall.demesne("plan"), 6, /^host control: cannot connect .*timed out\nfix: /m);
    await wall.inTwin("nft delete table inet mute");
  });

  test("a host that shows another key", async () => {
    const [key = ""] = wall.twin.address.hostKeys;
    await whileEdited(wall.twin.address.hostKeys.join(", "), STRANGER, async () => {
      assertEnds(
        await wall.demesne("plan"),
        6,
        /^host control: .*host key that is not in the inventory; nothing was sent\nfix: .*hostKeys/m,
      );
    });
    assert.notEqual(key, STRANGER);
  });

  test("sudo that asks for a password", async () => {
    await wall.inTwin("cp -a /etc/sudoers.d /etc/sudoers.kept && sed -i 's/NOPASSWD://' /etc/sudoers.d/*");
    assertEnds(await wall.demesne("plan"), 5, /^host control: sudo asks operator for a password.*\nfix: .*NOPASSWD/m);
    await wall.inTwin("rm -r /etc/sudoers.d && mv /etc/sudoers.kept /etc/sudoers.d");
  });

  test("no Python on the host", async () => {
    await wall.inTwin("mv /usr/bin/python3 /usr/bin/python3.away");
    assertEnds(await wall.demesne("plan"), 5, /^host control: there is no python3\nfix: .*apt-get install python3/m);
    await wall.inTwin("mv /usr/bin/python3.away /usr/bin/python3");
  });

  test("no ansible-core here, and no way to get it", async () => {
    assertEnds(await wall.demesne("plan", "--out", "plan.json"), 2, /changes/);
    const cache = join(wall.estate.folder, ".cache");
    const ended = await wall
      .with({ XDG_CACHE_HOME: cache, PIP_INDEX_URL: "http://127.0.0.1:9/", PIP_FIND_LINKS: "", PIP_RETRIES: "0" })
      .demesne("apply", "plan.json");
    assertEnds(ended, 5, /^ansible-core: cannot install ansible-core: .*\nfix: /m);
    assertEnds(await wall.demesne("plan"), 2, /changes/);
  });

  test("a disk of the host that is full where Demesne keeps its list: nothing is made", async () => {
    await wall.inTwin(
      "mkdir -p /var/lib/demesne && mount -t tmpfs -o size=4k none /var/lib/demesne && dd if=/dev/zero of=/var/lib/demesne/full bs=4k count=1 status=none",
    );
    assertEnds(await wall.demesne("plan", "--out", "plan.json"), 2, /changes/);
    assertEnds(await wall.demesne("apply", "plan.json"), 9, /No space left on device.*\nfix: /);
    assert.equal(
      await wall.inTwin("ls -d /etc/demesne/firewall.nft /etc/systemd/system/demesne* 2>/dev/null || true"),
      "",
    );
    await wall.inTwin("umount /var/lib/demesne");
  });

  test("a disk of the host that is full where a file goes: the file is whole or not there", async () => {
    await wall.inTwin(
      "mkdir -p /etc/demesne && mount -t tmpfs -o size=4k,mode=0755 none /etc/demesne && dd if=/dev/zero of=/etc/demesne/full bs=4k count=1 status=none",
    );
    assertEnds(await wall.demesne("plan", "--out", "plan.json"), 2, /changes/);
    assertEnds(await wall.demesne("apply", "plan.json"), 9, /No space left on device.*\nfix: /);
    assert.equal(await wall.inTwin("ls -A /etc/demesne"), "full");
    await wall.inTwin("umount /etc/demesne");
  });

  test("a disk here that is full: no half of a plan, and no apply without its ledger", async () => {
    assertEnds(await wall.demesne("plan", "--out", "plan.json"), 2, /changes/);
    const ledger = join(wall.estate.folder, ".demesne");
    mkdirSync(ledger, { recursive: true });
    await whileFull(ledger, async () => {
      assertEnds(
        await wall.demesne("plan", "--out", ".demesne/plan.json"),
        9,
        /^.*plan\.json: .*no space left.*\nfix: /im,
      );
      assert.deepEqual(readdirSync(ledger), ["full"]);
      assertEnds(await wall.demesne("apply", "plan.json"), 12, /no space left.*\nfix: /i);
    });
    assert.equal(await wall.inTwin("nft list tables"), "");
    assert.equal(existsSync(join(ledger, "plan.json")), false);
  });

  test("a reader that has gone: what was begun goes on and ends with its own code", async () => {
    const main = resolve(import.meta.dirname, "../../src/cli/main.ts");
    const line = `"${process.execPath}" "${main}" --help | true; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await run(["bash", "-c", line], { timeoutMs: 30_000 });
    assert.deepEqual([stdout.trim(), stderr], ["0", ""]);
  });

  test("Ctrl-C at any moment of an apply: the next plan holds what is left", async () => {
    for (const afterMs of [100, 600, 1500, 3000, 5000]) {
      assertEnds(await wall.demesne("plan", "--out", "plan.json"), 2, /changes?/);
      const running = await wall.start("apply", "plan.json");
      await sleep(afterMs);
      running.kill("SIGINT");
      // Impatient.
      await sleep(50);
      running.kill("SIGINT");
      const ended = await running.ended();
      if (ended.status === 0) break;
      assertEnds(ended, 130, ended.stderr === "" ? /^$/ : /^demesne: stopped as asked\nfix: /m);
      assert.equal(await wall.inTwin("find / -xdev -name '*.demesne-new'; ls -A /dev/shm"), "");
    }
    const last = await wall.demesne("plan", "--out", "plan.json");
    if (last.status !== 0) assertEnds(await wall.demesne("apply", "plan.json"), 0, /0 left/);
    assertEnds(await wall.demesne("plan"), 0, /nothing to do/);
  });
});

/** A folder of this machine without a byte of room. */
async function whileFull(folder: string, work: () => Promise<void>): Promise<void> {
  await root("mount", "-t", "tmpfs", "-o", "size=4k", "none", folder);
  await root("dd", "if=/dev/zero", `of=${folder}/full`, "bs=4k", "count=1");
  try {
    await work();
  } finally {
    await root("umount", folder);
  }
}

async function root(...argv: readonly string[]): Promise<void> {
  await run(argv, { timeoutMs: 10_000 });
}
