// Containers that the checks start inside a disposable host, one on each network, and take away again.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { addressesOf, containersWith, docker } from "./docker.ts";
import type { Inside } from "./vantage.ts";

export type ProbePlan = {
  readonly network: string;
  /** Ports on which it listens. */
  readonly ports: readonly number[];
  /** As docker writes it: `0.0.0.0:38080:38000`. */
  readonly publish: readonly string[];
};

export type Probe = ProbePlan & { readonly id: string; readonly addresses: readonly string[] };

/** One question of a container: an HTTP request, or a connection to a port or to a unix socket (`path`). */
export type Question =
  | { readonly http: true; readonly host: string; readonly port: number; readonly path: string }
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

const PROBE_LABEL = "demesne-probe";
/** They end by themselves then, and are removed, should we not be there to do it. */
const LIFE_S = 600;

export async function withProbes<T>(
  inside: Inside & { readonly probeImage: string },
  plans: readonly ProbePlan[],
  work: (probes: Probe[]) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const label = `${PROBE_LABEL}=${randomBytes(8).toString("hex")}`;
  try {
    // All settle before any is removed: one that is still being started would stay.
    const started = await Promise.allSettled(plans.map((plan) => start(inside, label, plan, signal)));
    return await work(started.map((each) => fulfilled(each)));
  } finally {
    // Without the signal: what was started is removed, whyever we end.
    const left = await containersWith(inside, label).catch(() => []);
    if (left.length > 0) await docker(inside, ["rm", "--force", ...left.map(({ Id }) => Id)]);
  }
}

function fulfilled<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === "rejected") throw settled.reason;
  return settled.value;
}

async function start(
  inside: Inside & { readonly probeImage: string },
  label: string,
  plan: ProbePlan,
  signal: AbortSignal | undefined,
): Promise<Probe> {
  const program = await readFile(new URL("programs/serve.cjs", import.meta.url), "utf8");
  const publish = plan.publish.flatMap((each) => ["--publish", each]);
  const harmless = [
    "--read-only",
    "--cap-drop",
    "ALL",
    "--user",
    "65534:65534",
    "--memory",
    "128m",
    "--pids-limit",
    "64",
  ];
  const args = ["--detach", "--rm", "--label", label, "--network", plan.network, ...publish, ...harmless];
  const command = ["--entrypoint", "node", inside.probeImage, "-e", program, String(LIFE_S), ...plan.ports.map(String)];
  const id = (await docker(inside, ["run", ...args, ...command], signal)).trim();
  const found = (await containersWith(inside, label, signal)).find(({ Id }) => Id === id);
  return { ...plan, id, addresses: found === undefined ? [] : addressesOf(found) };
}

/** Asks from inside a container; one word for each question: `open`, `silent`, an HTTP status, an error's code. */
export async function askFrom(
  inside: Inside,
  container: string,
  questions: readonly Question[],
  { user, signal }: { readonly user?: string; readonly signal?: AbortSignal | undefined } = {},
): Promise<string[]> {
  const program = await readFile(new URL("programs/ask.cjs", import.meta.url), "utf8");
  const as = user === undefined ? [] : ["--user", user];
  const argv = ["exec", ...as, container, "node", "-e", program, JSON.stringify(questions)];
  return z.array(z.string()).parse(JSON.parse(await docker(inside, argv, signal)));
}
