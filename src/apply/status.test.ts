// What a host told of itself, and what a person is told to do about it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { standingOf } from "./index.ts";

const NOW = 1_790_000_000;
const plan = `sha256:${"ab".repeat(32)}`;
const receipt = { nonce: "1", plan, applied: 3, left: 0, at: NOW - 60 };
const quiet = {
  lease: null,
  window: null,
  last: null,
  begun: { nonce: "1" },
  receipt,
  packages: [],
  clock: NOW,
  isAbandoned: false,
};
const lease = { holder: "ops@desk", plan, at: NOW - 5, running: false, left: 100 };

type Told = Partial<Parameters<typeof standingOf>[0]>;
const standing = (told: Told) => standingOf({ ...quiet, ...told }, NOW);

describe("a host's standing", () => {
  test("is quiet when the last apply came to its end, and on a fresh host", () => {
    assert.deepEqual(standing({}), {
      state: "quiet",
      says: ["last apply 2026-09-21T14:12:20Z: 3 changes, 0 left (plan abababababab)"],
      next: "nothing to do",
    });
    assert.equal(standing({ begun: null, receipt: null }).state, "quiet");
  });

  test("is busy while somebody holds the lease or a window is open", () => {
    assert.equal(standing({ lease }).state, "busy");
    assert.match(standing({ lease: { ...lease, running: true } }).says.join(), /ops@desk.*a task is running/);
    const window = { name: "firewall", nonce: "2", left: 17 };
    assert.match(standing({ window }).says.join(), /window firewall is open \(nobody holds the lease\).* in 17 s/);
  });

  test("is not busy with a lease that has run out, or whose process is dead", () => {
    assert.equal(standing({ lease: { ...lease, left: 0 } }).state, "quiet");
    assert.equal(standing({ lease: { ...lease, running: true }, isAbandoned: true }).state, "quiet");
  });

  test("asks for attention when a plan did not come to its end, and says what the dead-man did", () => {
    const cut = standing({ begun: { nonce: "2" } });
    assert.equal(cut.state, "attention");
    assert.match(cut.says.join(), /did not come to its end,last apply/);
    const last = { nonce: "2", name: "sshd", outcome: "reverted" as const, why: "boot", errors: ["/etc/x: gone"] };
    assert.match(
      standing({ begun: { nonce: "2" }, last }).says.join(),
      /put the window sshd back \(boot\), but not all of it: \/etc\/x: gone/,
    );
    // Of another plan's window there is nothing to say.
    assert.doesNotMatch(standing({ begun: { nonce: "3" }, last }).says.join(), /sshd/);
  });

  test("asks for attention when dpkg was stopped half-way", () => {
    assert.match(standing({ packages: ["nftables"] }).says.join(), /stopped half-way at nftables/);
  });

  test("tells a wrong clock from a minute on, in which direction, and leaves a small difference alone", () => {
    assert.equal(standing({ clock: NOW + 60 }).state, "quiet");
    assert.match(standing({ clock: NOW + 3600 }).says.join(), /its clock is 3600 s ahead of this machine's/);
    assert.match(standing({ clock: NOW - 61 }).says.join(), /its clock is 61 s behind this machine's/);
  });
});
