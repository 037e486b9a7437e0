// What ties a saved plan to the estate, the tool and the time it was made in; and every reason to refuse it later.
import { readFile } from "node:fs/promises";
import { pinnedAnsible } from "../apply/index.ts";
import type { Estate } from "../estate/index.ts";
import { canonicalJson } from "../lib/canonical-json.ts";
import { digest } from "../lib/digest.ts";
import { Problem } from "../lib/problem.ts";
import { probeText } from "../observe/index.ts";
import { Plan, type HostPlan } from "../plan/index.ts";
import { version } from "./version.ts";

const HOUR_MS = 3_600_000;

/** The plan of all hosts, bound to what it was computed from; this machine is asked while the hosts are looked at. */
export async function bindPlan(
  estate: Estate,
  nonce: string,
  looks: readonly HostPlan[] | Promise<readonly HostPlan[]>,
  hours: number,
): Promise<Plan> {
  const [hosts, { digest: ansible }, probe] = await Promise.all([looks, pinnedAnsible(), probeText()]);
  const now = Date.now();
  const { name, profile, inputs } = estate;
  return Plan.parse({
    format: 1,
    tool: version(),
    created: new Date(now).toISOString(),
    expires: new Date(now + hours * HOUR_MS).toISOString(),
    nonce,
    bound: { probe: digest(probe), ansible },
    estate: { name, profile, inputs },
    hosts,
  });
}

/** Reads a saved plan. Throws Problem `usage` (no such file) or `stale` (edited, or of another version). */
export async function readPlan(file: string): Promise<{ readonly plan: Plan; readonly digest: string }> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new Problem({
      code: "usage",
      where: file,
      what: "cannot be read",
      fix: "make a plan first: demesne plan --out FILE",
      cause,
    });
  });
  const parsed = Plan.safeParse(parseJson(text));
  // A plan is canonical JSON, so a plan that was edited by hand or reformatted differs from its own canonical form.
  if (parsed.success && canonicalJson(parsed.data) === text) return { plan: parsed.data, digest: digest(text) };
  throw stale(file, "is not a plan of this version of Demesne, or was edited");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Throws Problem `stale`, naming what is different now. */
export async function refuseStale(file: string, plan: Plan, estate: Estate, ansible: string): Promise<void> {
  if (Date.parse(plan.expires) < Date.now()) throw stale(file, `has expired at ${plan.expires}`);
  if (plan.estate.name !== estate.name)
    throw stale(file, `is a plan of the estate ${plan.estate.name}, not of ${estate.name}`);
  const paths = changedPaths(plan, estate);
  if (paths.length > 0) throw stale(paths.join(", "), "changed since the plan was made, so nothing was done");
  if (digest(await probeText()) !== plan.bound.probe)
    throw stale(file, `was made with another probe (Demesne ${plan.tool}, this is ${version()})`);
  if (ansible !== plan.bound.ansible) throw stale(file, "was made for another ansible-core than this machine's");
}

function changedPaths(plan: Plan, estate: Estate): string[] {
  const now = new Map(estate.inputs.map((each) => [each.path, each.digest]));
  const then = new Map(plan.estate.inputs.map((each) => [each.path, each.digest]));
  return [...new Set([...now.keys(), ...then.keys()])].filter((path) => now.get(path) !== then.get(path));
}

function stale(where: string, what: string): Problem {
  return new Problem({ code: "stale", where, what, fix: "plan again, and read the new plan: demesne plan --out FILE" });
}
