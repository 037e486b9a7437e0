// The main job on a real host: planned, applied, planned again, rebooted, taken out again.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { observe } from "../../src/observe/index.ts";
import type { HostPlan } from "../../src/plan/index.ts";
import { openTwin, type OpenTwin, type Rehearsed } from "./applied-twin.ts";
import { copyEstate, harbour, renameOperator, type EstateCopy } from "./estate-copy.ts";
import { driftJourneys } from "./oracle/drift-journeys.ts";

const skip = process.getuid?.() === 0 ? false : "twins need root";
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMBmyP4YdPt8wWiztc0BBCrwD7hNaMyCTyyeEiT9UQBB";
const PORT = 9100;

function refs(plan: HostPlan): string[] {
  return plan.changes.map((each) => `${each.action} ${each.ref}`).sort();
}

/** The whole of a plan that finds nothing to do. */
function assertNothingToDo(plan: HostPlan): void {
  assert.deepEqual(refs(plan), []);
  assert.deepEqual(plan.refusals, []);
  assert.deepEqual(plan.waiting, []);
  assert.deepEqual(plan.stages, []);
}

describe("an estate on a host", { skip, timeout: 1_800_000 }, () => {
  let open: OpenTwin;
  let copy: EstateCopy;
  let plain: Rehearsed;
  /** The same with a user and a port more, so that they can be taken out. */
  let wide: Rehearsed;
  before(async () => {
    copy = copyEstate(harbour);
    renameOperator(copy);
    open = await openTwin(copy.folder);
    plain = await open.load(copy.folder);
    copy.edit("estate.yaml", "\nwaivers:\n", `\n  reader:\n    keys: ["${KEY}"]\n\nwaivers:\n`);
    copy.edit(
      "inventory/hosts.yaml",
      "note: ssh from the office }\n    timezone",
      `note: ssh from the office }\n      - { port: ${PORT}, proto: tcp, from: [any], note: metrics }\n    timezone`,
    );
    wide = await open.load(copy.folder);
  });
  after(async () => {
    copy?.remove();
    await open?.close();
  });

  test("plans at least 100 changes on a fresh host, and refuses and leaves out none", async () => {
    const plan = await open.plan(plain);
    assert.ok(plan.changes.length >= 100, `${plan.changes.length} changes`);
    assert.deepEqual(plan.refusals, []);
    assert.deepEqual(
      plan.waiting.map((each) => each.ref),
      ["check:sshd's effective configuration"],
    );
    assert.equal(new Set(plan.changes.map((each) => each.ref)).size, plan.changes.length);
  });

  test("is as wanted after one apply: nothing is left, and the next plan is empty", async () => {
    const plan = await open.plan(wide);
    const { applied, left } = await open.apply(plan, wide);
    assert.equal(applied, plan.changes.length);
    assertNothingToDo(left);
    assertNothingToDo(await open.plan(wide));
  });

  test("takes an empty plan and changes nothing", async () => {
    const then = await look(open, wide);
    const plan = await open.plan(wide);
    const { applied, left } = await open.apply(plan, wide);
    assert.equal(applied, 0);
    assertNothingToDo(left);
    assert.deepEqual(await look(open, wide), then);
  });

  test("comes back from a reboot as wanted", async () => {
    const boot = await open.inTwin("cat /proc/sys/kernel/random/boot_id");
    await open.twin.reboot();
    await open.inTwin("systemctl is-system-running --wait || true", 120);
    assert.notEqual(await open.inTwin("cat /proc/sys/kernel/random/boot_id"), boot);
    assertNothingToDo(await open.plan(wide));
  });

  driftJourneys({ open: () => open, rehearsed: () => wide });

  test("loses a user, a port and a service that are taken out, and nothing else", async () => {
    copy.edit("estate.yaml", `\n  reader:\n    keys: ["${KEY}"]\n`, "\n");
    copy.edit("inventory/hosts.yaml", `      - { port: ${PORT}, proto: tcp, from: [any], note: metrics }\n`, "");
    for (const service of ["gateway", "chat", "worker"]) copy.delete(`services/${service}`);
    copy.edit("estate.yaml", "      service: worker # one of ours; it must be live under this profile\n", "");
    const narrow = await open.load(copy.folder);
    const plan = await open.plan(narrow);
    assert.deepEqual(refs(plan), takenOut(wide));
    const then = await look(open, wide);
    const { left } = await open.apply(plan, narrow);
    assertNothingToDo(left);
    assertNothingToDo(await open.plan(narrow));

    await assert.rejects(open.inTwin("id reader"));
    assert.doesNotMatch(await open.inTwin("nft list table inet demesne"), new RegExp(`\\b${PORT}\\b`));
    assert.equal(await open.inTwin("docker ps --all --quiet"), "");
    await assert.rejects(open.inTwin("test -e /etc/demesne/services"));
    assert.equal(await open.inTwin("docker volume ls --quiet"), "gateway_state", "data is not taken away unasked");

    const now = await look(open, wide);
    for (const { ref } of plan.changes) for (const each of [then, now]) delete each[ref];
    assert.deepEqual(now, then);
  });
});

/** All that is observed of what an estate wants, by ref. */
async function look({ ssh, secrets }: OpenTwin, { resources }: Rehearsed): Promise<Record<string, unknown>> {
  const { resources: observed } = await observe(ssh, resources, { secretKey: secrets.key });
  return Object.fromEntries(observed);
}

/** Every change that taking out the user, the port and all services means. */
function takenOut({ resources }: Rehearsed): string[] {
  const service = resources.filter((each) => each.role === "service").map((each) => each.ref);
  const user = [
    "user:reader",
    "directory:/home/reader",
    "directory:/home/reader/.ssh",
    "file:/home/reader/.ssh/authorized_keys",
  ];
  const port = ["file:/etc/demesne/firewall.nft", "nft-table:inet demesne"];
  return [...[...service, ...user].map((ref) => `remove ${ref}`), ...port.map((ref) => `update ${ref}`)].sort();
}
