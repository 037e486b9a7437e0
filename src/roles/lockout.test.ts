import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { loadEstate } from "../estate/index.ts";
import { authorizedKeysOf, lockouts } from "./index.ts";

const estate = await loadEstate(join(import.meta.dirname, "../../examples/harbour"), {
  signal: AbortSignal.timeout(120_000),
  clock: { now: () => Date.parse("2026-11-21T12:00:00Z") },
});
const host = estate.hosts.find((each) => each.id === "control");
assert.ok(host);
const keys = authorizedKeysOf(host);
const table = "nft-table:inet demesne" as const;
const changing = new Set([keys, table] as const);
const operator = estate.accounts.find((each) => each.name === host.user)?.keys[0] ?? "";
const safe = {
  estate,
  host,
  changing,
  cameFrom: "203.0.113.7",
  keysNow: `# old\n${operator}\nssh-ed25519 AAAAother me\n`,
};

test("a plan that keeps a key and lets its maker in is no lockout", () => {
  assert.deepEqual(lockouts(safe), []);
  assert.deepEqual(lockouts({ ...safe, cameFrom: "2001:db8:113::5" }), []);
  assert.deepEqual(lockouts({ ...safe, cameFrom: "::ffff:203.0.113.7" }), []);
});

test("a firewall that does not know where the look came from is refused", () => {
  const [found, ...more] = lockouts({ ...safe, cameFrom: "198.51.100.9" });
  assert.equal(found?.ref, table);
  assert.match(found.what, /198\.51\.100\.9/);
  assert.deepEqual(more, []);
  assert.deepEqual(lockouts({ ...safe, cameFrom: "198.51.100.9", changing: new Set([keys]) }), []);
});

test("an access list of which no key is there now is refused", () => {
  const keysNow = 'no-pty,from="10.0.0.1" ssh-ed25519 AAAAsomebody else\n';
  assert.deepEqual(
    lockouts({ ...safe, keysNow }).map((each) => each.ref),
    [keys],
  );
  assert.deepEqual(lockouts({ ...safe, keysNow: "" }), []);
});
