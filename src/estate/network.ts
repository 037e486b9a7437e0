// Networks as ranges of whole numbers, so that "do these two overlap?" is one comparison for IPv4 and IPv6.
import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";

export type Network = {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
};

/** Reads `address/prefix`; undefined unless it is well formed with every host bit zero. */
export function parseNetwork(text: string): Network | undefined {
  const [address = "", prefix = "", more] = text.split("/");
  if (more !== undefined || !/^(?:0|[1-9]\d{0,2})$/.test(prefix)) return undefined;
  const family = familyOf(address);
  if (family === undefined) return undefined;
  const width = family === 4 ? 32 : 128;
  if (Number(prefix) > width) return undefined;
  const size = 1n << BigInt(width - Number(prefix));
  const first = toNumber(address);
  return first % size === 0n ? { family, first, last: first + size - 1n } : undefined;
}

/** The network of one address: a range of one. */
export function parseAddress(text: string): Network | undefined {
  const family = familyOf(text);
  if (family === undefined) return undefined;
  const first = toNumber(text);
  return { family, first, last: first };
}

export function overlap(a: Network, b: Network): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

function familyOf(address: string): 4 | 6 | undefined {
  if (isIPv4(address)) return 4;
  return isIPv6(address) && !address.includes("%") ? 6 : undefined;
}

function toNumber(address: string): bigint {
  return ipaddr
    .parse(address)
    .toByteArray()
    .reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
