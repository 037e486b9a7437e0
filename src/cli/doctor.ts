// demesne doctor: looks at this machine, at the estate and, if asked, at a host. It never changes anything.
import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { lookAtEstate, lookAtHost, lookAtMachine, type Finding } from "../doctor/index.ts";
import { loadEstate } from "../estate/index.ts";
import { Problem } from "../lib/problem.ts";
import { cacheFolder } from "./cache-folder.ts";
import { command, type Context } from "./command.ts";
import type { ExitName } from "./exit.ts";
import { hostsOf } from "./host-plan.ts";
import { painter } from "./render/paint.ts";
import { renderDoctor, type Section } from "./render/doctor.ts";

const DoctorOptions = z.strictObject({
  host: z.string().optional().meta({ description: "look at this host too", placeholder: "id" }),
  strict: z.boolean().optional().meta({ description: "warnings count as errors" }),
  json: z.boolean().optional().meta({ description: "print as JSON" }),
});
type Options = z.infer<typeof DoctorOptions>;

export const doctor = command({
  name: "doctor",
  summary: "tell what stands in the way on this machine, in the estate and on a host, and what mends it",
  arguments: [{ name: "estate", description: "the estate's folder", default: "." }],
  options: DoctorOptions,
  exits: ["done", "usage", "estate", "unreachable", "unhealthy", "interrupted"],
  run: runDoctor,
});

async function runDoctor(context: Context, [folder = "."]: readonly string[], options: Options): Promise<ExitName> {
  const { signal, out, isColoured } = context;
  const isEstate = existsSync(join(folder, "estate.yaml"));
  if (options.host !== undefined && !isEstate) throw noEstate(folder);
  const sections: Section[] = [{ about: "this machine", findings: await lookAtMachine(here(signal)) }];
  if (isEstate) sections.push({ about: "the estate", findings: await lookAtEstate(await placeOf(folder, signal)) });
  const look = options.host === undefined ? undefined : await lookAt(folder, options.host, signal);
  if (look !== undefined) sections.push({ about: `host ${options.host}`, findings: look.findings });
  const format = { format: 1, sections };
  const shown = { isEstate, isHostAsked: options.host !== undefined };
  out(options.json === true ? `${JSON.stringify(format)}\n` : renderDoctor(sections, shown, painter(isColoured)));
  if (look?.isReached === false) return "unreachable";
  const isBad = ({ level }: Finding): boolean => level === "error" || (options.strict === true && level === "warning");
  return sections.some(({ findings }) => findings.some(isBad)) ? "unhealthy" : "done";
}

function here(signal: AbortSignal) {
  const { platform, env, version } = process;
  return { platform, env, cache: cacheFolder(), uid: process.getuid?.(), nodeVersion: version, signal };
}

async function placeOf(folder: string, signal: AbortSignal) {
  return { root: await realpath(folder), env: process.env, home: homedir(), now: Date.now(), signal };
}

/** An estate that cannot be read names no host to ask; the look at the estate has told why. */
async function lookAt(folder: string, id: string, signal: AbortSignal): Promise<HostLook> {
  const estate = await loadEstate(folder, { signal }).catch((error: unknown) => error);
  if (estate instanceof Problem) {
    const fix = "mend the estate first: see above";
    return { findings: [{ level: "error", subject: "connection", what: "was not tried", fix }], isReached: undefined };
  }
  const [host] = isLoaded(estate) ? hostsOf(estate, id) : [];
  if (host === undefined) throw estate;
  return await lookAtHost(host, Date.now, signal);
}

type HostLook = Omit<Awaited<ReturnType<typeof lookAtHost>>, "isReached"> & { readonly isReached: boolean | undefined };

function isLoaded(found: unknown): found is Awaited<ReturnType<typeof loadEstate>> {
  return typeof found === "object" && found !== null && "hosts" in found;
}

function noEstate(folder: string): Problem {
  const fix = "run it in the estate's folder, or name it: demesne doctor DIR --host control";
  return new Problem({ code: "estate", where: folder, what: "holds no estate.yaml, so no host is known", fix });
}
