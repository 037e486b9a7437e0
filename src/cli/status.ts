// demesne status: what is going on at the hosts, how the last apply ended, and what to do next. Nothing is changed.
import { z } from "zod";
import { readStatus, standingOf } from "../apply/index.ts";
import { loadEstate } from "../estate/index.ts";
import { Problem } from "../lib/problem.ts";
import { command, type Context } from "./command.ts";
import type { ExitName } from "./exit.ts";
import { addressOf, hostsOf, withHost } from "./host-plan.ts";

const StatusOptions = z.strictObject({
  host: z.string().optional().meta({ description: "only this host", placeholder: "id" }),
  json: z.boolean().optional().meta({ description: "print as JSON" }),
});

export const status = command({
  name: "status",
  summary: "tell what is going on at the hosts, and how the last apply ended",
  arguments: [{ name: "estate", description: "the estate's folder", default: "." }],
  options: StatusOptions,
  exits: ["done", "unhealthy", "usage", "estate", "prerequisite", "unreachable", "failed", "interrupted"],
  run: runStatus,
});

async function runStatus(
  { out, signal }: Context,
  [folder = "."]: readonly string[],
  options: z.infer<typeof StatusOptions>,
): Promise<ExitName> {
  const estate = await loadEstate(folder, { signal });
  const hosts = await Promise.all(
    hostsOf(estate, options.host).map(async (host) => {
      const told = await withHost(addressOf(host), async (ssh) => await readStatus(ssh, signal)).catch(unreached);
      if (told instanceof Problem)
        return { host: host.id, state: "unreachable" as const, says: [told.what], next: told.fix };
      return { host: host.id, ...standingOf(told, Date.now() / 1000), status: told };
    }),
  );
  if (options.json === true) out(`${JSON.stringify({ format: 1, hosts })}\n`);
  else
    for (const { host, state, says, next } of hosts)
      out(`${host}: ${state}\n  ${says.join("\n  ")}\n  next: ${next}\n`);
  if (hosts.some((each) => each.state === "unreachable")) return "unreachable";
  return hosts.some((each) => each.state === "attention") ? "unhealthy" : "done";
}

/** One host that is away must not hide what the others say. */
function unreached(error: unknown): Problem {
  if (error instanceof Problem && error.code === "unreachable") return error;
  throw error;
}
