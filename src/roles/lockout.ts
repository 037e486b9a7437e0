// Would this plan shut out the person who applies it? Two ways can be seen beforehand: a firewall that does not know where
// the look came from, and a list of keys of which none is there now. (What cannot be seen is the dead-man's matter.)
import ipaddr from "ipaddr.js";
import type { Estate, EstateHost } from "../estate/index.ts";
import type { Ref } from "../resources/index.ts";
import { keysOf } from "./accounts.ts";

export type LockoutInput = {
  readonly estate: Estate;
  readonly host: EstateHost;
  /** Address from which the look reached the host, as the host saw it. */
  readonly cameFrom: string | undefined;
  /** Refs that the plan changes. */
  readonly changing: ReadonlySet<Ref>;
  /** Text of the login account's authorized_keys now. */
  readonly keysNow: string | undefined;
};

export type Lockout = { readonly ref: Ref; readonly role: string; readonly what: string; readonly fix: string };

export function lockouts(input: LockoutInput): Lockout[] {
  return [...lostSource(input), ...lostKeys(input)];
}

export function authorizedKeysOf(host: EstateHost): Ref {
  return keysOf(host.user);
}

function lostSource({ host, cameFrom, changing }: LockoutInput): Lockout[] {
  const ref = "nft-table:inet demesne";
  if (cameFrom === undefined || !changing.has(ref)) return [];
  const sources = host.open
    .filter((each) => each.port === host.port && each.proto === "tcp")
    .flatMap((each) => each.from);
  if (sources.some((source) => covers(source, cameFrom))) return [];
  return [
    {
      ref,
      role: "firewall",
      what: `would shut out ssh from ${cameFrom}, from where this plan was made (${sources.join(", ") || "nobody"} may use port ${host.port})`,
      fix: `add ${cameFrom} to the sources of port ${host.port} under open in inventory/hosts.yaml, or plan from an allowed address`,
    },
  ];
}

function covers(source: string, address: string): boolean {
  if (source === "any") return true;
  const client = ipaddr.process(address);
  const [network, prefix] = ipaddr.parseCIDR(
    source.includes("/") ? source : `${source}/${source.includes(":") ? 128 : 32}`,
  );
  return network.kind() === client.kind() && client.match(network, prefix);
}

function lostKeys({ estate, host, changing, keysNow }: LockoutInput): Lockout[] {
  const ref = authorizedKeysOf(host);
  const now = keysIn(keysNow ?? "");
  if (!changing.has(ref) || now.length === 0) return [];
  const wanted = new Set(keysIn((estate.accounts.find((each) => each.name === host.user)?.keys ?? []).join("\n")));
  if (now.some((key) => wanted.has(key))) return [];
  return [
    {
      ref,
      role: "common",
      what: `would take away every key that ${host.user} logs in with now`,
      fix: `add the public key that you use to accounts/${host.user}/keys in estate.yaml`,
    },
  ];
}

/** The key itself, without options and comment. */
function keysIn(text: string): string[] {
  return text
    .split("\n")
    .flatMap((line) => /(?:^|\s)(?:ssh|ecdsa|sk)-\S+\s+(AAAA[0-9A-Za-z+/=]+)/.exec(line)?.[1] ?? []);
}
