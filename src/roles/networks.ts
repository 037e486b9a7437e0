// Names of the Docker networks and of their bridges, which firewall rules name too.
import ipaddr from "ipaddr.js";

/** The gateway's way out; no other container is on it. */
export const EGRESS_NETWORK = "demesne-egress";
export const EGRESS_BRIDGE = "dm-egress";

export function networkOf(tier: string): string {
  return `demesne-${tier}`;
}

export function bridgeOf(tier: string): string {
  return `dm-${tier}`;
}

/** The last subnet of a pool: Docker itself takes from the front. */
export function lastSubnet(pool: string, prefix: number): string {
  const [address, length] = ipaddr.parseCIDR(pool);
  const bytes = address.toByteArray().map((byte, index) => byte | hostBits(index, length, prefix));
  return `${ipaddr.fromByteArray(bytes).toString()}/${prefix}`;
}

/** The bits of one byte that lie between the pool's prefix and the subnet's. */
function hostBits(index: number, from: number, to: number): number {
  const bits = Array.from({ length: 8 }, (_, bit) => index * 8 + bit);
  return bits.reduce((byte, position, bit) => (position >= from && position < to ? byte | (128 >> bit) : byte), 0);
}
