import assert from "node:assert/strict";
import { test } from "node:test";
import ipaddr from "ipaddr.js";
import { RANGE4, RANGE6, SLOTS, collides, subnetOf } from "./addresses.ts";

const slots = Array.from({ length: SLOTS }, (_, slot) => subnetOf(slot));
const all = slots.flatMap((subnet) => {
  const { address4, address6 } = subnet.neighbour(7);
  return [subnet.outside4, subnet.twin4, address4, subnet.outside6, subnet.twin6, address6];
});

test("no two slots share an address or a link", () => {
  assert.equal(new Set(all).size, all.length);
  assert.equal(new Set(slots.map(({ link }) => link)).size, SLOTS);
  assert.ok(slots.every(({ link }) => link.length <= 15));
});

test("every address lies in the benchmarking ranges and is written in its one short form", () => {
  for (const text of all) {
    const address = ipaddr.parse(text);
    const range = ipaddr.parseCIDR(text.includes(":") ? RANGE6 : RANGE4);
    assert.ok(address.match(range), text);
    assert.equal(address.toString(), text);
  }
});

test("a slot that does not exist is refused", () => {
  for (const slot of [-1, SLOTS, 1.5]) assert.throws(() => subnetOf(slot), RangeError);
});

test("a subnet that this machine is in already is not taken", () => {
  const subnet = subnetOf(4);
  for (const address of [
    "198.18.5.9/24",
    "198.18.5.2/32",
    "198.18.5.9/30",
    "198.18.0.1/16",
    "2001:2:0:5::9/64",
    "2001:2::1/48",
  ]) {
    assert.ok(collides(subnet, ["127.0.0.1/8", address]), address);
  }
  for (const address of ["198.18.6.2/24", "198.19.0.1/16", "2001:2:0:6::2/64", "fe80::1/64", "::1/128"]) {
    assert.equal(collides(subnet, [address]), false, address);
  }
});
