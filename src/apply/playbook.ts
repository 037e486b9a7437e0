// Prints a plan into a playbook. Nothing is decided here: the plan holds every task and every byte. Pure.
import { Document, visit, type Scalar } from "yaml";
import { z } from "zod";
import type { HostPlan, Window } from "../plan/index.ts";
import type { Step, Task, TreeEntry } from "../resources/index.ts";
import { isArchive, jobsOf, taskOf, treeName } from "./job.ts";
import { armCommand } from "./window.ts";

/** Demesne's own folder on a host. */
const STATE_FOLDER = "/var/lib/demesne";

export type Playbook = {
  readonly text: string;
  /** Trees that the play unpacks; the caller writes them, as tar in base64, under these names beside it. */
  readonly trees: readonly { readonly name: string; readonly entries: readonly TreeEntry[] }[];
  /** Names of its tasks, in order. */
  readonly tasks: readonly string[];
  /** It may cut the connection, so it runs under the dead-man. */
  readonly window?: Window | undefined;
};

/** One playbook a stage; the host's notes are written by the first and, where something is gone, by the last. */
export function printPlaybooks(plan: HostPlan): Playbook[] {
  const { during, after } = plan.owned;
  const nonce = nonceOf(plan);
  const stages = after.length === during.length ? plan.stages : closed(plan.stages, stateTree(after, plan.history));
  const [first = { steps: [] }, ...rest] = stages;
  const notes = stateTree(during, plan.history);
  return [
    printStage(
      plan.host,
      armed(first, nonce, (steps) => noted(notes, steps)),
      first.window,
    ),
    ...rest.map((stage) =>
      printStage(
        plan.host,
        armed(stage, nonce, (steps) => [...steps]),
        stage.window,
      ),
    ),
  ];
}

/** The last notes say that what was removed is gone: they are no part of a window, which may be put back. */
function closed(stages: readonly Stage[], notes: Tree): Stage[] {
  const last = stages.at(-1);
  if (last === undefined || last.window !== undefined) return [...stages, { steps: [notes] }];
  return [...stages.slice(0, -1), { steps: [...last.steps, notes] }];
}

/** In a window nothing is changed before the host has noted how it was; only its notes come before. */
function armed({ window, steps }: Stage, nonce: string, begin: (steps: readonly Step[]) => Step[]): Step[] {
  if (window === undefined) return begin(steps);
  return [...begin([{ step: "commands", commands: [armCommand(window, nonce)] }]), ...steps];
}

function printStage(host: string, steps: readonly Step[], window: Window | undefined): Playbook {
  const jobs = jobsOf(steps);
  const trees = jobs.map((job, at) => ({ name: treeName(at), entries: job.entries }));
  const tasks = jobs.map(taskOf);
  const title = window === undefined ? `apply a plan to ${host}` : `apply a plan to ${host}, window ${window.name}`;
  return {
    text: printPlay(title, host, tasks),
    trees: trees.filter(({ entries }) => entries.length > 0),
    tasks: tasks.map((each) => each.name),
    window,
  };
}

/** The plan's own nonce, which stands last in the history that the host is to have. */
export function nonceOf(plan: HostPlan): string {
  return z.object({ nonce: z.string() }).parse(JSON.parse(plan.history.trimEnd().split("\n").at(-1) ?? "{}")).nonce;
}

type Stage = HostPlan["stages"][number];
type Tree = Step & { readonly step: "tree" };

/** The notes come first. Files that follow are unpacked with them, since nothing is in its place before it is renamed. */
function noted(notes: Tree, steps: readonly Step[]): Step[] {
  const [first, ...rest] = steps;
  if (first?.step !== "tree" || first.entries.some((each) => each.type === "directory")) return [notes, ...steps];
  return [{ step: "tree", entries: [...notes.entries, ...first.entries] }, ...rest];
}

/** A play in YAML. What looks like a template in a literal task is marked as text, so that Ansible leaves it alone. */
export function printPlay(name: string, hosts: string, tasks: readonly Task[]): string {
  const document = new Document([{ name, hosts, gather_facts: false, tasks: [] }]);
  const nodes = tasks.map((task) => {
    const node = document.createNode(taskFields(task));
    if (task.templated !== true) visit(node, { Scalar: (_key, scalar) => markUnsafe(scalar) });
    return node;
  });
  document.setIn([0, "tasks"], document.createNode(nodes));
  return document.toString({ lineWidth: 0 });
}

function markUnsafe(scalar: Scalar): void {
  if (typeof scalar.value !== "string" || isArchive(scalar.value)) return;
  if (/\{[{%#]/.test(scalar.value)) scalar.tag = "!unsafe";
}

function taskFields(task: Task): Record<string, unknown> {
  const fields = {
    name: task.name,
    [`ansible.builtin.${task.module}`]: task.args,
    register: task.register,
    when: task.when,
    changed_when: conditional(task.changedWhen),
    failed_when: conditional(task.failedWhen),
    check_mode: task.checkMode,
    no_log: task.noLog,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Since 2.19 the text "false" is refused as a condition: only a real boolean is one. */
function conditional(text: string | undefined): string | boolean | undefined {
  return text === "false" ? false : text;
}

/**
 * Demesne's own notes on the host: the plan's nonce and what it put there. Written before anything is made, and once more
 * after everything is gone, so that a plan that stops half-way has lost nothing and cannot be run again.
 */
function stateTree(owned: HostPlan["owned"]["after"], history: string): Tree {
  const root = { owner: "root", group: "root" };
  const file = { type: "file" as const, mode: "0600", ...root };
  return {
    step: "tree",
    entries: [
      { path: STATE_FOLDER, type: "directory", mode: "0700", ...root },
      { path: `${STATE_FOLDER}/applied.jsonl`, content: history, ...file },
      { path: `${STATE_FOLDER}/owned.json`, content: `${JSON.stringify({ format: 1, owned })}\n`, ...file },
    ],
  };
}
