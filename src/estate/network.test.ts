import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { overlap, parseAddress, parseNetwork } from "./network.ts";

test("a network is read only when it is well formed and its host bits are zero", () => {
  for (const text of ["10.0.0.0/8", "0.0.0.0/0", "192.0.2.7/32", "::/0", "2001:db8::/32", "2001:db8::1/128"]) {
    assert.ok(parseNetwork(text), text);
  }
  const wrong = [
    "10.0.0.1/8",
    "10.0.0.0",
    "10.0.0.0/33",
    "10.0.0.0/08",
    "10.0.0/8",
    "0x0a.0.0.0/8",
    "fe80::%eth0/64",
    "2001:db8::1/64",
    "a/b/c",
    "/8",
    "10.0.0.0/-1",
  ];
  for (const text of wrong) assert.equal(parseNetwork(text), undefined, text);
});

const prefixed = fc
  .tuple(fc.integer({ min: 0, max: 32 }), fc.integer({ min: 0, max: 0xffffffff }))
  .map(([prefix, bits]) => ({ prefix, first: prefix === 0 ? 0 : (bits >>> (32 - prefix)) * 2 ** (32 - prefix) }));

function dotted(first: number): string {
  return [24, 16, 8, 0].map((shift) => (first >>> shift) & 255).join(".");
}

test("two IPv4 networks overlap exactly when they agree in the shorter prefix", () => {
  fc.assert(
    fc.property(prefixed, prefixed, (a, b) => {
      const shorter = Math.min(a.prefix, b.prefix);
      const agree = shorter === 0 || a.first >>> (32 - shorter) === b.first >>> (32 - shorter);
      const [one, other] = [a, b].map(({ first, prefix }) => parseNetwork(`${dotted(first)}/${prefix}`));
      assert.ok(one && other);
      assert.equal(overlap(one, other), agree);
      assert.equal(overlap(other, one), agree);
    }),
  );
});

test("IPv4 never overlaps IPv6, and an address is inside its own network only", () => {
  const all4 = parseNetwork("0.0.0.0/0");
  const all6 = parseNetwork("::/0");
  const near = parseNetwork("192.0.2.0/24");
  const inside = parseAddress("192.0.2.255");
  const outside = parseAddress("192.0.3.0");
  assert.ok(all4 && all6 && near && inside && outside);
  assert.equal(overlap(all4, all6), false);
  assert.equal(overlap(near, inside), true);
  assert.equal(overlap(near, outside), false);
});
