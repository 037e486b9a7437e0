// Docker as its command line shows it, inside a disposable host.
import * as z from "zod";
import { Problem } from "../lib/problem.ts";
import type { Inside } from "./vantage.ts";

const TIMEOUT_MS = 60_000;

/** Standard output of one docker command. Throws Problem `failed` with docker's own words. */
export async function docker(inside: Inside, args: readonly string[], signal?: AbortSignal): Promise<string> {
  const { status, stdout, stderr } = await inside.exec(["docker", ...args], { timeoutMs: TIMEOUT_MS, signal });
  if (status === 0) return stdout;
  throw new Problem({
    code: "failed",
    where: `verify: docker ${args.slice(0, 2).join(" ")}`,
    what: `ended with ${status ?? "a signal"}: ${stderr.trim().split("\n").at(-1) ?? ""}`,
    fix: "look at docker on the host: systemctl status docker",
  });
}

const Container = z.object({
  Id: z.string(),
  State: z.object({
    Status: z.string(),
    Pid: z.int(),
    Health: z.object({ Status: z.string() }).optional(),
  }),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullable() }),
  HostConfig: z.object({
    Binds: z.array(z.string()).nullable().optional(),
    VolumesFrom: z.array(z.string()).nullable().optional(),
    PidMode: z.string().optional(),
  }),
  NetworkSettings: z.object({
    Networks: z.record(z.string(), z.object({ IPAddress: z.string(), GlobalIPv6Address: z.string() })),
  }),
});
export type Container = z.infer<typeof Container>;

/** The containers with a label; "" stands for all. */
export async function containersWith(inside: Inside, label: string, signal?: AbortSignal): Promise<Container[]> {
  const filter = label === "" ? [] : ["--filter", `label=${label}`];
  const ids = (await docker(inside, ["ps", "--all", "--quiet", "--no-trunc", ...filter], signal))
    .split("\n")
    .filter(Boolean);
  if (ids.length === 0) return [];
  return z.array(Container).parse(JSON.parse(await docker(inside, ["inspect", ...ids], signal)));
}

/** Its addresses on one network, or on all of them. */
export function addressesOf({ NetworkSettings: { Networks } }: Container, network?: string): string[] {
  const on = network === undefined ? Object.values(Networks) : [Networks[network]];
  return on
    .flatMap((each) => [each?.IPAddress ?? "", each?.GlobalIPv6Address ?? ""])
    .filter((address) => address !== "");
}
