// A compose stack: the containers of one service, each from the pinned image and the inputs that lie on disk now.
// `compose up` does not notice a replaced bind-mounted file, so every container carries a label with the digest of all inputs.
import { z } from "zod";
import { readEngine } from "./docker.ts";
import { same, type Change, type Difference, type Facts, type Kind } from "./kind.ts";
import type { Query } from "./query.ts";
import { command } from "./step.ts";

export const StackWanted = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/)
    .meta({ description: "Compose project name", examples: ["gateway"] }),
  file: z.string().startsWith("/").meta({ description: "The compose file on the host" }),
  inputs: z
    .string()
    .meta({ description: "Digest of the compose file, its configuration files and the keyed digests of its secrets" }),
  containers: z.array(z.string()).min(1).meta({ description: "Compose service names, sorted" }),
  networks: z.array(z.string()).default([]).meta({ description: "Networks it is on" }),
  images: z.array(z.string()).default([]).meta({ description: "Images it runs, by digest" }),
});
export type StackWanted = z.infer<typeof StackWanted>;

export const StackObserved = z.strictObject({
  containers: z.array(
    z.strictObject({
      name: z.string().meta({ description: "Compose service name" }),
      inputs: z.string().meta({ description: "Digest it was made with; empty when it was made by somebody else" }),
      state: z.enum(["running", "unhealthy", "stopped"]),
    }),
  ),
});
export type StackObserved = z.infer<typeof StackObserved>;

/** Label on every container of a stack. */
export const INPUTS_LABEL = "demesne.inputs";
const PROJECT = "com.docker.compose.project";
const SERVICE = "com.docker.compose.service";
/** "True" on what `docker compose run` made: not a part of the stack, and `up` leaves it alone. */
const ONE_OFF = "com.docker.compose.oneoff";
const FILES = "files it reads";
const query: Query = { ask: "docker", path: "/containers/json?all=1" };
const EngineContainer = z.object({ Labels: z.record(z.string(), z.string()), State: z.string(), Status: z.string() });

export const stack: Kind<StackWanted, StackObserved> = {
  kind: "stack",
  purpose:
    "A compose stack: the containers of one service, from pinned images and from the inputs that lie on disk now.",
  wanted: StackWanted,
  observed: StackObserved,
  ownable: true,
  removalRisk: "restart",
  absent: { containers: [] },
  id: (wanted) => wanted.name,
  needs: (wanted) => [
    `file:${wanted.file}`,
    "unit:docker.service",
    ...wanted.networks.map((name) => `network:${name}` as const),
    ...wanted.images.map((id) => `image:${id}` as const),
  ],

  probe: () => [query],
  read(id, answers) {
    const containers = readEngine(answers, query, z.array(EngineContainer));
    if ("unobservable" in containers) return containers;
    const ours = containers.body
      .filter(({ Labels }) => Labels[PROJECT] === id && Labels[ONE_OFF] !== "True")
      .map(readContainer);
    return { containers: ours.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  },

  compare(wanted, observed, facts) {
    if (observed.containers.length === 0) {
      const differences = [{ path: "containers", from: null, to: wanted.containers.join(", ") }];
      return { verdict: "differs", action: "create", differences, risk: "routine" };
    }
    const recreated = wanted.networks.filter((name) => facts.recreated?.includes(`network:${name}`));
    const differences = [
      ...wanted.containers.flatMap((name) => containerDifferences(wanted, observed, name)),
      ...observed.containers
        .filter(({ name }) => !wanted.containers.includes(name))
        .map(({ name }) => ({ path: name, from: "there", to: null })),
      ...recreated.map((name) => ({ path: `network ${name}`, from: "old", to: "new" })),
      ...rewrittenFiles(wanted, observed, facts),
    ];
    return differences.length === 0 ? same : { verdict: "differs", action: "update", differences, risk: "restart" };
  },
  isPresent: (observed) => observed.containers.length > 0,

  predict: () => ({}),
  touches: () => ({}),

  tasks: (changes) =>
    changes.map(({ id, wanted, differences }) =>
      wanted === undefined
        ? command(`take the stack ${id} down`, ["docker", "compose", "--project-name", id, "down", "--remove-orphans"])
        : command(
            `bring the stack ${id} up`,
            up(
              wanted,
              differences.some((each) => each.path.endsWith(" health") || each.path === FILES),
            ),
          ),
    ),
  idempotent: (wanted) => [
    { name: `bring the stack ${wanted.name} up`, module: "command", args: { argv: up(wanted, false) } },
  ],

  sentence(change: Change<StackWanted, StackObserved>) {
    if (change.action === "remove") return `take the stack ${change.id} down (its volumes stay)`;
    if (change.action === "create") return `bring the stack ${change.id} up`;
    return `bring the stack ${change.id} up again: ${change.differences.map((each) => each.path).join(", ")}`;
  },
};

/** A container keeps the text that it was started with, whatever is put in its place, and its label tells of ours only. */
function rewrittenFiles(
  { inputs }: StackWanted,
  { containers }: StackObserved,
  { rewritten = [] }: Facts,
): Difference[] {
  const isTold = containers.every((each) => each.inputs !== inputs);
  if (rewritten.length === 0 || isTold) return [];
  return [{ path: FILES, from: `perhaps what stood in ${rewritten.join(", ")}`, to: "as wanted" }];
}

function readContainer({
  Labels,
  State,
  Status,
}: z.infer<typeof EngineContainer>): StackObserved["containers"][number] {
  return { name: Labels[SERVICE] ?? "", inputs: Labels[INPUTS_LABEL] ?? "", state: stateOf(State, Status) };
}

/** A paused or ever restarting container cannot simply be started: like an unhealthy one, it is made anew. */
function stateOf(state: string, status: string): StackObserved["containers"][number]["state"] {
  if (state === "running") return status.includes("(unhealthy)") ? "unhealthy" : "running";
  return state === "exited" || state === "created" ? "stopped" : "unhealthy";
}

function containerDifferences(wanted: StackWanted, observed: StackObserved, name: string): Difference[] {
  const found = observed.containers.find((each) => each.name === name);
  if (found === undefined) return [{ path: name, from: null, to: "running" }];
  if (found.inputs !== wanted.inputs) return [{ path: `${name} inputs`, from: found.inputs, to: wanted.inputs }];
  if (found.state === "unhealthy") return [{ path: `${name} health`, from: "unhealthy", to: "running" }];
  return found.state === "running" ? [] : [{ path: `${name} state`, from: found.state, to: "running" }];
}

/** Seconds that a stack may take until all its containers are healthy. */
const WAIT_S = 120;

function up(wanted: StackWanted, anew: boolean): string[] {
  const compose = ["docker", "compose", "--project-name", wanted.name, "--file", wanted.file];
  const options = ["--detach", "--pull=never", "--remove-orphans", "--wait", `--wait-timeout=${WAIT_S}`];
  return [...compose, "up", ...options, ...(anew ? ["--force-recreate"] : [])];
}
