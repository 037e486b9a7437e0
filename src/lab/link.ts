// The wires: machine <-> bridge <-> twin. The bridge lives in the holder's own network namespace, so this machine's
// firewall (Docker's forward rules, say) does not judge frames between twin and neighbour, and it dies with the holder.
import { output } from "./command.ts";
import { RANGE4, RANGE6, type Subnet } from "./addresses.ts";
import type { Holder } from "./holder.ts";

export const BRIDGE = "lab0";
const LAST_RESORT = "4294967000";
const RULE_BASE = 20_000;

export async function connect(subnet: Subnet, holder: Holder): Promise<void> {
  await keepRangesHere();
  const inside = (args: string) => output(holder.enter(["ip", ...args.split(" ")]));
  await inside("link set lo up");
  await inside(`link add ${BRIDGE} type bridge forward_delay 0 mcast_snooping 0`);
  await inside(`link set ${BRIDGE} up addrgenmode none`);
  await ip(`link add ${subnet.link} type veth peer name machine netns ${holder.pid}`);
  await inside(`link set machine master ${BRIDGE} up`);
  await neverForward(subnet);
  await ip(`addr add ${subnet.outside4}/24 dev ${subnet.link}`);
  await ip(`link set ${subnet.link} up`);
  await ip(`-6 addr add ${subnet.outside6}/64 dev ${subnet.link} nodad`);
}

/** Removes what `connect` made on this machine; all of it may be gone already. */
export async function disconnect(subnet: Subnet): Promise<void> {
  await ip(`link del ${subnet.link}`).catch(() => {});
  for (const family of ["-4", "-6"]) await ip(`${family} rule del ${ruleOf(subnet)}`).catch(() => {});
}

/** The last twin of this machine is gone: its ranges need no guard any more. */
export async function forgetRanges(): Promise<void> {
  await ip(`-4 route del unreachable ${RANGE4} metric ${LAST_RESORT}`).catch(() => {});
  await ip(`-6 route del unreachable ${RANGE6} metric ${LAST_RESORT}`).catch(() => {});
}

/** Nothing meant for a twin leaves this machine by its default route, not even when the twin is gone. */
async function keepRangesHere(): Promise<void> {
  await ip(`-4 route replace unreachable ${RANGE4} metric ${LAST_RESORT}`);
  await ip(`-6 route replace unreachable ${RANGE6} metric ${LAST_RESORT}`);
}

/** Even where this machine forwards packets (a Docker host does), those from a twin end here. */
async function neverForward(subnet: Subnet): Promise<void> {
  for (const family of ["-4", "-6"]) await ip(`${family} rule add ${ruleOf(subnet)} unreachable`);
}

function ruleOf(subnet: Subnet): string {
  return `iif ${subnet.link} priority ${RULE_BASE + subnet.slot}`;
}

function ip(args: string): Promise<string> {
  return output(["ip", ...args.split(" ")]);
}
