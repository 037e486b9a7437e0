// Two machines on one wire, as network namespaces: a host with Demesne's firewall on it, and a neighbour.
import { spawnSync } from "node:child_process";
import type { Inside, Vantage } from "../../../src/verify/index.ts";
import { run } from "../../../src/lib/run.ts";

/** From the ranges for benchmarks, beyond the slots that the lab gives to twins. */
export const host = { address4: "198.19.255.2", address6: "2001:2:0:ffff::2" };
export const neighbour = { address4: "198.19.255.1", address6: "2001:2:0:ffff::1" };

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const env = { PATH, LANG: "C.UTF-8" };

/** Why namespaces cannot be had here; false when they can. */
export function withoutNamespaces(): string | false {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "needs root on Linux";
  for (const program of ["ip", "nft", "python3", "unshare"]) {
    if (spawnSync("sh", ["-c", `command -v ${program}`], { env }).status !== 0) return `needs ${program}`;
  }
  return attempt("unshare", ["--net", "true"]).status === 0 ? false : "may not make network namespaces";
}

export type Wire = {
  readonly vantage: Vantage;
  readonly inside: Inside;
  /** Replaces the host's rules; "" leaves it without a table. */
  firewall(rules: string): void;
  remove(): void;
};

/** Named after the process, so that two test runs do not meet. */
export function makeWire(tag: string): Wire {
  const [hostSide, neighbourSide] = ["h", "n"].map((side) => `demesne-verify-${tag}-${process.pid}-${side}`);
  const near = String(neighbourSide);
  const far = String(hostSide);
  const remove = (): void => [near, far].forEach((name) => attempt("ip", ["netns", "del", name]));
  try {
    for (const name of [near, far]) must("ip", ["netns", "add", name]);
    must("ip", ["link", "add", "eth0", "netns", near, "type", "veth", "peer", "name", "eth0", "netns", far]);
    for (const [name, its] of [[near, neighbour] as const, [far, host] as const]) {
      must("ip", ["-n", name, "addr", "add", `${its.address4}/24`, "dev", "eth0"]);
      must("ip", ["-n", name, "addr", "add", `${its.address6}/64`, "dev", "eth0", "nodad"]);
      for (const link of ["lo", "eth0"]) must("ip", ["-n", name, "link", "set", link, "up"]);
    }
  } catch (error) {
    remove();
    throw error;
  }
  return {
    vantage: { name: "neighbour", run: (argv, options) => run(enter(near, argv), { ...options, env }) },
    inside: { exec: (argv, options) => run(enter(far, argv), { ...options, env }) },
    firewall: (rules) => {
      must("ip", enter(far, ["nft", "-f", "-"]).slice(1), `table inet demesne\ndelete table inet demesne\n${rules}`);
    },
    remove,
  };
}

function enter(namespace: string, argv: readonly string[]): string[] {
  return ["ip", "netns", "exec", namespace, ...argv];
}

function must(program: string, args: readonly string[], input = ""): void {
  const { status, stderr } = attempt(program, args, input);
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
}

function attempt(program: string, args: readonly string[], input = "") {
  return spawnSync(program, args, { env, input, encoding: "utf8", timeout: 10_000 });
}
