// The real command line against a real host: what it refuses, what it says when something is wrong, and that it always
// cleans up after itself.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertEnds } from "./watched.ts";
import type { Seat } from "./seat.ts";
import { openWall } from "./wall.ts";

const skip = process.getuid?.() === 0 ? false : "twins need root";
const HOSTS = "inventory/hosts.yaml";

describe("the command line", { skip, timeout: 600_000 }, () => {
  let wall: Seat;
  before(async () => {
    wall = await openWall();
  });
  after(() => wall?.close());

  test("refuses a file that is not its own, until it is adopted", async () => {
    await wall.inTwin("mkdir -p /etc/demesne && echo mine > /etc/demesne/firewall.nft");
    assertEnds(
      await wall.demesne("plan"),
      7,
      /! file:\/etc\/demesne\/firewall\.nft: .*not put there by Demesne.*\n\s+fix: .*adopt/,
    );
    wall.estate.edit(HOSTS, "adopt: []", 'adopt: ["file:/etc/demesne/firewall.nft"]');
    assertEnds(await wall.demesne("plan"), 2, /change content, mode of \/etc\/demesne\/firewall\.nft/);
    assert.equal(await wall.inTwin("cat /etc/demesne/firewall.nft"), "mine");
  });

  test("plans, applies, and then has nothing to do", async () => {
    assertEnds(await wall.demesne("plan", "--out", "plan.json"), 2, /steps? to run/);
    assertEnds(await wall.demesne("apply", "plan.json"), 0, /control: \d+ changes applied, 0 left/);
    assertEnds(await wall.demesne("plan", "--out", "empty.json"), 0, /nothing to do/);
    assertEnds(await wall.demesne("apply", "empty.json"), 0, /control: 0 changes applied, 0 left/);
  });

  test("applies a plan once", async () => {
    assertEnds(await wall.demesne("apply", "plan.json"), 8, /fix: /);
  });

  test("refuses a plan whose host has changed since", async () => {
    await wall.inTwin("nft add rule inet demesne input tcp dport 9999 accept");
    assertEnds(await wall.demesne("plan", "--out", "plan.json"), 2, /replace the firewall table/);
    await wall.inTwin("nft add rule inet demesne input tcp dport 9998 accept");
    assertEnds(await wall.demesne("apply", "plan.json"), 8, /host control: .*changed since.*\nfix: /);
    assert.match(await wall.inTwin("nft list table inet demesne"), /9999/);
  });

  test("refuses a plan whose estate has changed since, and names the file", async () => {
    assertEnds(await wall.demesne("apply", "empty.json"), 8, /host control: .*changed since.*\nfix: /);
    assertEnds(await wall.demesne("plan", "--out", "plan.json"), 2, /replace the firewall table/);
    wall.estate.edit(HOSTS, "note: ssh }", "note: ssh from anywhere }");
    assertEnds(await wall.demesne("apply", "plan.json"), 8, /inventory\/hosts\.yaml: changed since.*\nfix: /);
  });

  test("refuses to stand beside ufw", async () => {
    await wall.inTwin(
      "apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends ufw && systemctl enable ufw.service",
    );
    assertEnds(await wall.demesne("plan"), 7, /! unit:ufw\.service: .*\n\s+fix: .*systemctl disable --now ufw/);
    await wall.inTwin("systemctl disable --now ufw.service");
    assertEnds(await wall.demesne("plan"), 2, /replace the firewall table/);
  });
});
