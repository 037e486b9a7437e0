// The numbers of a twin's network, from the ranges set aside for benchmarking: RFC 2544 (IPv4) and RFC 5180 (IPv6).
import ipaddr from "ipaddr.js";

export const RANGE4 = "198.18.0.0/15";
export const RANGE6 = "2001:2::/48";
export const SLOTS = 511;

export type Subnet = {
  readonly slot: number;
  /** The machine's end of the link, in its own network namespace. */
  readonly link: string;
  readonly outside4: string;
  readonly outside6: string;
  readonly twin4: string;
  readonly twin6: string;
  /** The n-th neighbour, from 0. */
  neighbour(index: number): { readonly address4: string; readonly address6: string };
};

/** The /24 and /64 of a slot: .1 is this machine, .2 the twin, .100 and up its neighbours. */
export function subnetOf(slot: number): Subnet {
  if (!Number.isInteger(slot) || slot < 0 || slot >= SLOTS) throw new RangeError(`slot ${slot}`);
  // Counted from 1, so that no IPv6 address has a second, shorter spelling.
  const number = slot + 1;
  const four = `198.${18 + (number >> 8)}.${number & 255}`;
  const six = `2001:2:0:${number.toString(16)}:`;
  return {
    slot,
    link: `dml${slot}`,
    outside4: `${four}.1`,
    outside6: `${six}:1`,
    twin4: `${four}.2`,
    twin6: `${six}:2`,
    neighbour: (index) => ({ address4: `${four}.${100 + index}`, address6: `${six}:${(256 + index).toString(16)}` }),
  };
}

/** Does one of these addresses (`192.0.2.1/24`) lie in the subnet, or its network around it? */
export function collides(subnet: Subnet, addresses: readonly string[]): boolean {
  return addresses.some((text) => {
    const [address, bits] = ipaddr.parseCIDR(text);
    const own = ipaddr.parse(address.kind() === "ipv4" ? subnet.twin4 : subnet.twin6);
    return own.match(address, Math.min(bits, address.kind() === "ipv4" ? 24 : 64));
  });
}
