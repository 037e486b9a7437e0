// Who counts: people, not keys; touched keys where they are asked for; the author only where the rules say so.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { allowedSigners, NAMESPACE } from "./allowed-signers.ts";
import { judge, type SignatureFile, type Standing } from "./judge.ts";
import { deviceKey, type TestKey } from "./keys-fixture.ts";

const plan = Buffer.from('{"a":"plan"}');
const now = Date.parse("2026-11-21T12:00:00Z");

const untouched = { flags: 0 };
const keys = {
  alice: deviceKey("ed25519", { flags: 1 }),
  alice2: deviceKey("p256", { flags: 1 }),
  bob: deviceKey("p256", { flags: 5 }),
  carol: deviceKey("ed25519", untouched),
  dave: deviceKey("ed25519", { flags: 4 }),
};
const people = ["alice", "bob", "carol", "dave"] as const;
const signers = allowedSigners(
  [
    `alice ${keys.alice.line}`,
    `alice ${keys.alice2.line}`,
    `bob valid-before="20270101Z" ${keys.bob.line}`,
    `carol ${keys.carol.line}`,
    `dave ${keys.dave.line}`,
  ].join("\n"),
  "policy/allowed_signers",
);

const signed = (name: string, key: TestKey): SignatureFile => ({
  name: `${name}.sig`,
  text: key.sign(plan, NAMESPACE),
});
const all = people.map((name) => signed(name, keys[name]));

type Rule = { readonly people: number; readonly author?: boolean; readonly key?: "any" | "touched" | "verified" };

function stands(rule: Rule, files: readonly SignatureFile[], author?: string, at = now): Standing {
  const needs = [{ risk: "connectivity" as const, author: true, key: "any" as const, ...rule }];
  return judge({ bytes: plan, author, needs, signers, files, now: at });
}

function isApproved(...given: Parameters<typeof stands>): boolean {
  return stands(...given).isApproved;
}

test("two people are needed: one is too few, two are enough", () => {
  assert.equal(isApproved({ people: 2 }, all.slice(0, 1)), false);
  assert.equal(isApproved({ people: 2 }, all.slice(0, 2)), true);
});

test("one person with two keys is one person", () => {
  const twice = [signed("alice", keys.alice), signed("alice", keys.alice2)];
  const standing = stands({ people: 2 }, twice);
  assert.deepEqual(standing.met[0]?.by, ["alice"]);
  assert.equal(standing.met[0]?.lacks, 1);
});

test("a signature counts under its signer's own name only", () => {
  const standing = stands({ people: 1 }, [signed("bob", keys.alice)]);
  assert.deepEqual(standing.rejected, [{ name: "bob.sig", why: "is the signature of alice" }]);
  assert.equal(standing.isApproved, false);
});

test("a stranger's signature does not count, and says whose key it is", () => {
  const standing = stands({ people: 1 }, [signed("alice", deviceKey("ed25519", { flags: 1 }))]);
  assert.match(standing.rejected[0]?.why ?? "", /^is by a key that is not in policy\/allowed_signers \(SHA256:/);
});

test("a key that has run out does not count any more", () => {
  const files = [signed("bob", keys.bob)];
  assert.equal(isApproved({ people: 1 }, files), true);
  const later = stands({ people: 1 }, files, undefined, Date.parse("2027-01-01T00:00:01Z"));
  assert.deepEqual(later.rejected, [
    { name: "bob.sig", why: "does not count: its key was valid until 20270101Z only" },
  ]);
  assert.deepEqual(later.met[0]?.could, ["alice", "carol", "dave"]);
});

test("touched and verified are read from the signature: a FIDO key alone is not enough", () => {
  assert.deepEqual(stands({ people: 1, key: "touched" }, all).met[0]?.by, ["alice", "bob"]);
  assert.deepEqual(stands({ people: 1, key: "verified" }, all).met[0]?.by, ["bob"]);
  assert.deepEqual(stands({ people: 1, key: "any" }, all).met[0]?.by, ["alice", "bob", "carol", "dave"]);
});

test("an author who does not count must sign all the same, so that nobody can plan in another's name", () => {
  const rule = { people: 1, author: false };
  assert.equal(isApproved(rule, [signed("alice", keys.alice)], "alice"), false);
  // Alice says that bob made it, and approves alone.
  const alone = stands(rule, [signed("alice", keys.alice)], "bob");
  assert.equal(alone.isApproved, false);
  assert.equal(alone.met[0]?.authorLacks, "bob, the author, has not signed");
  assert.equal(isApproved(rule, [signed("alice", keys.alice), signed("bob", keys.bob)], "bob"), true);
  const unknown = stands(rule, all, undefined);
  assert.equal(unknown.isApproved, false);
  assert.equal(unknown.met[0]?.authorLacks, "the plan's author has no key in policy/allowed_signers");
});

test("whatever the author's name says, one person is never enough where two are asked for", () => {
  const name = fc.constantFrom(...people);
  const asked = fc.record({ people: fc.integer({ min: 1, max: 3 }), author: fc.boolean() });
  fc.assert(
    fc.property(name, fc.option(name, { nil: undefined }), asked, (who, author, rule) => {
      const approved = isApproved(rule, [signed(who, keys[who])], author);
      assert.equal(approved, rule.author && rule.people === 1);
    }),
    { numRuns: 60 },
  );
});

test("more signatures never take an approval away, and nobody's count for other bytes", () => {
  const some = fc.subarray(all);
  const asked = fc.record({ people: fc.integer({ min: 1, max: 4 }), author: fc.boolean() });
  fc.assert(
    fc.property(some, some, asked, (one, more, rule) => {
      const before = stands(rule, one, "alice");
      const both = [...new Set([...one, ...more])];
      assert.ok(!before.isApproved || stands(rule, both, "alice").isApproved);
      const needs = [{ risk: "reboot" as const, key: "any" as const, ...rule }];
      const other = judge({ bytes: Buffer.from("{}"), author: "alice", needs, signers, files: both, now });
      assert.deepEqual([other.approvals, other.isApproved], [[], false]);
    }),
    { numRuns: 60 },
  );
});
