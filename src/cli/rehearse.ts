// demesne rehearse: boots disposable twins of the estate's hosts on this machine, and goes the whole way with them.
import { z } from "zod";
import { installAnsible } from "../apply/index.ts";
import { loadEstate } from "../estate/index.ts";
import { prepareLab } from "../lab/index.ts";
import { cacheFolder } from "./cache-folder.ts";
import { command, type Context } from "./command.ts";
import type { ExitName } from "./exit.ts";
import { hostsOf } from "./host-plan.ts";
import { rehearseHost } from "./rehearsal/rehearse-host.ts";
import { Report, verdictOf, type HostReport } from "./rehearsal/report.ts";
import { timer as startTimer } from "./rehearsal/timer.ts";
import { painter } from "./render/paint.ts";
import { renderReport } from "./render/report.ts";
import { version } from "./version.ts";
import { writeWhole } from "./write-whole.ts";

const RehearseOptions = z.strictObject({
  host: z.string().optional().meta({ description: "only this host", placeholder: "id" }),
  report: z.string().optional().meta({ description: "write the report as JSON", placeholder: "file" }),
  json: z.boolean().optional().meta({ description: "print the report as JSON" }),
});

export const rehearse = command({
  name: "rehearse",
  summary: "boot disposable twins of the hosts here, then plan, apply, verify and plan again",
  arguments: [{ name: "estate", description: "the estate's folder", default: "." }],
  options: RehearseOptions,
  exits: ["done", "usage", "estate", "prerequisite", "unreachable", "refused", "failed", "unhealthy", "interrupted"],
  run: runRehearse,
});

async function runRehearse(
  context: Context,
  [folder = "."]: readonly string[],
  options: z.infer<typeof RehearseOptions>,
): Promise<ExitName> {
  const { progress, signal } = context;
  const timer = startTimer(progress);
  const estate = await loadEstate(folder, { signal });
  const hosts = hostsOf(estate, options.host);
  const lab = await timer.step("prepare this machine and the base system", async () => {
    return await prepareLab({ progress, signal, systems: [...new Set(hosts.map((each) => each.os))] });
  });
  const ansible = await timer.step(
    "prepare ansible-core",
    async () => await installAnsible({ cache: cacheFolder(), progress, signal }),
  );
  const reports: HostReport[] = [];
  for (const host of hosts) reports.push(await rehearseHost({ context, estate, host, lab, ansible, timer }));
  const report = Report.parse({
    format: 1,
    verdict: verdictOf(reports),
    estate: estate.name,
    profile: estate.profile,
    hosts: reports,
    dormant: estate.hosts.filter((each) => each.state === "dormant").map((each) => each.id),
    durations: timer.durations,
    versions: { demesne: version(), node: process.version, ansibleCore: ansible.version, python: ansible.python },
  });
  context.out(
    options.json === true ? `${JSON.stringify(report)}\n` : renderReport(report, painter(context.isColoured)),
  );
  if (options.report !== undefined) await writeWhole(options.report, `${JSON.stringify(report, null, 2)}\n`);
  return report.verdict === "pass" ? "done" : "unhealthy";
}
