// The wires: machine <-> bridge <-> twin. The bridge lives in the holder's own network namespace, so this machine's
// firewall (Docker's forward rules, say) does not judge frames between twin and neighbour, and it dies with the holder.
import { output } from "./command.ts";
import { RANGE4, RANGE6, type Subnet } from "./addresses.ts";
import type { Holder } from "./holder.ts";

export const BRIDGE = "lab0";
const LAST_RESORT4 = `unreachable ${RANGE4} metric 4294967000`;
const LAST_RESORT6 = `unreachable ${RANGE6} metric 4294967000`;
const FAMILIES = ["-4", "-6"] as const;
const RULE_BASE = 20_000;

export async function connect(subnet: Subnet, holder: Holder): Promise<void> {
  await keepRangesHere();
  // The slot is ours: whatever else bears its name was left behind.
  await disconnect(subnet);
  await ip([`link add ${subnet.link} type veth peer name machine netns ${holder.pid}`]);
  await ip(
    [
      "link set lo up",
      `link add ${BRIDGE} type bridge forward_delay 0 mcast_snooping 0`,
      `link set ${BRIDGE} up addrgenmode none`,
      `link set machine master ${BRIDGE} up addrgenmode none`,
    ],
    holder,
  );
  await neverForward(subnet);
  await ip([
    `addr add ${subnet.outside4}/24 dev ${subnet.link}`,
    `addr add ${subnet.outside6}/64 dev ${subnet.link} nodad`,
    `link set ${subnet.link} up`,
  ]);
}

/** Removes what `connect` made on this machine; all of it may be gone already. */
export async function disconnect(subnet: Subnet): Promise<void> {
  await ip([`link del ${subnet.link}`]).catch(() => {});
  for (const family of FAMILIES) await ip([`rule del ${ruleOf(subnet)}`], undefined, family).catch(() => {});
}

/** The last twin of this machine is gone: its ranges need no guard any more. */
export async function forgetRanges(): Promise<void> {
  await ip([`route del ${LAST_RESORT4}`]).catch(() => {});
  await ip([`route del ${LAST_RESORT6}`]).catch(() => {});
}

/** Nothing meant for a twin leaves this machine by its default route, not even when the twin is gone. */
async function keepRangesHere(): Promise<void> {
  await ip([`route replace ${LAST_RESORT4}`, `route replace ${LAST_RESORT6}`]);
}

/** Even where this machine forwards packets (a Docker host does), those from a twin end here. */
async function neverForward(subnet: Subnet): Promise<void> {
  for (const family of FAMILIES) await ip([`rule add ${ruleOf(subnet)} unreachable`], undefined, family);
}

function ruleOf(subnet: Subnet): string {
  return `iif ${subnet.link} priority ${RULE_BASE + subnet.slot}`;
}

/** Several `ip` commands at once, here or in a holder's network. */
export async function ip(lines: readonly string[], inside?: Holder, family?: "-4" | "-6"): Promise<void> {
  const argv = ["ip", ...(family === undefined ? [] : [family]), "-batch", "-"];
  await output(inside === undefined ? argv : inside.enter(argv), { input: `${lines.join("\n")}\n` });
}
