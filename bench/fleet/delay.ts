// A longer way to the fleet: by sch_netem where the kernel has it, else by a program between the link and the hosts' bridge.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { BRIDGE, ip } from "../../src/lab/link.ts";
import { run } from "../../src/lib/run.ts";
import type { Fleet } from "./hosts.ts";

export type Delayed = { readonly by: string; undo(): Promise<void> };

const PROGRAM = resolve(import.meta.dirname, "delay.py");
const FAR_BRIDGE = "lab1";

/** Every round trip to the hosts takes so much longer until it is undone. */
export async function delay(fleet: Fleet, ms: number): Promise<Delayed> {
  if (ms === 0) return { by: "no delay", undo: () => Promise.resolve() };
  const netem = ["tc", "qdisc", "add", "dev", fleet.link, "root", "netem", "delay", `${ms}ms`, "limit", "100000"];
  const { status } = await run(netem, { timeoutMs: 10_000 });
  if (status !== 0) return await byProgram(fleet, ms);
  const undo = ["tc", "qdisc", "del", "dev", fleet.link, "root"];
  return { by: `${ms} ms by netem`, undo: async () => void (await run(undo, { timeoutMs: 10_000 })) };
}

async function byProgram({ holder }: Fleet, ms: number): Promise<Delayed> {
  const [program = "", ...args] = holder.enter(["/usr/bin/python3", "-I", "-S", "-B", PROGRAM, String(ms)]);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const gone = once(child, "exit");
  await Promise.race([once(child.stdout, "data"), gone.then(() => Promise.reject(new Error("no delay")))]);
  await ip(
    [
      `link add ${FAR_BRIDGE} type bridge forward_delay 0 mcast_snooping 0`,
      `link set ${FAR_BRIDGE} up addrgenmode none`,
      `link set near master ${FAR_BRIDGE} up addrgenmode none txqueuelen 20000`,
      `link set far master ${BRIDGE} up addrgenmode none txqueuelen 20000`,
      `link set machine master ${FAR_BRIDGE}`,
    ],
    holder,
  );
  const undo = async (): Promise<void> => {
    await ip([`link set machine master ${BRIDGE}`, `link del ${FAR_BRIDGE}`], holder);
    child.stdin.end();
    await gone;
  };
  return { by: `${ms} ms by a program, as this kernel has no netem`, undo };
}
