// Prints a plan into a playbook. Nothing is decided here: the plan holds every task and every byte. Pure.
import { Document, visit, type Scalar } from "yaml";
import type { HostPlan } from "../plan/index.ts";
import { shellQuote } from "../host/index.ts";
import { commandTask, type Command, type Step, type Task, type TreeEntry } from "../resources/index.ts";

/** Demesne's own folder on a host. */
const STATE_FOLDER = "/var/lib/demesne";

export type Playbook = {
  readonly text: string;
  /** Trees that the play unpacks; the caller writes them under these names beside it. */
  readonly trees: readonly { readonly name: string; readonly entries: readonly TreeEntry[] }[];
  readonly tasks: number;
};

export function printPlaybook(plan: HostPlan): Playbook {
  const { during, after } = plan.owned;
  const steps = renamed([
    ...noted(stateTree(during, plan.history), plan.steps),
    ...(after.length === during.length ? [] : [stateTree(after, plan.history)]),
  ]);
  const trees = steps.flatMap((step, index) =>
    step.step === "tree" ? [{ name: treeName(index), entries: step.entries }] : [],
  );
  const text = printPlay(`apply a plan to ${plan.host}`, plan.host, steps.map(taskOf));
  return { text, trees, tasks: steps.length };
}

type Tree = Step & { readonly step: "tree" };

/** The notes come first. Files that follow are unpacked with them, since nothing is in its place before it is renamed. */
function noted(notes: Tree, steps: readonly Step[]): Step[] {
  const [first, ...rest] = steps;
  if (first?.step !== "tree" || first.entries.some((each) => each.type === "directory")) return [notes, ...steps];
  return [{ step: "tree", entries: [...notes.entries, ...first.entries] }, ...rest];
}

/** Until it is whole, a file stands beside its place under this ending, which no folder of configuration files reads. */
const NEW = ".demesne-new";
const RENAME = `for each in "$@"; do mv -fT -- "$each${NEW}" "$each" || exit 1; done`;

/**
 * tar writes a file where it finally stands: on a full disk it leaves half of it, and of the old one nothing. So trees are
 * unpacked beside, and one program renames all their files; programs that follow each other are one task.
 */
function renamed(steps: readonly Step[]): Step[] {
  const result: Step[] = [];
  for (const step of steps.flatMap(apart)) {
    const last = result.at(-1);
    if (step.step === "commands" && last?.step === "commands") last.commands.push(...step.commands);
    else result.push(structuredClone(step));
  }
  return result;
}

function apart(step: Step): Step[] {
  if (step.step !== "tree") return [step];
  const paths = step.entries.filter((each) => each.type === "file").map((each) => each.path);
  const entries = step.entries.map((each) => (each.type === "file" ? { ...each, path: `${each.path}${NEW}` } : each));
  if (paths.length === 0) return [step];
  const name = paths.length === 1 ? `put ${paths[0]} in place` : `put ${paths.length} files in place`;
  const command = { name, argv: ["/bin/sh", "-c", RENAME, "sh", ...paths] };
  return [
    { step: "tree", entries },
    { step: "commands", commands: [command] },
  ];
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
  if (typeof scalar.value === "string" && /\{[{%#]/.test(scalar.value)) scalar.tag = "!unsafe";
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

function treeName(index: number): string {
  return `tree-${index}.tar`;
}

function taskOf(step: Step, index: number): Task {
  if (step.step === "task") return step.task;
  return step.step === "tree" ? treeTask(step.entries, treeName(index)) : commandsTask(step.commands);
}

function treeTask(entries: readonly TreeEntry[], archive: string): Task {
  const secret = entries.some((each) => each.secret !== undefined);
  const [only, ...more] = entries;
  return {
    name: more.length === 0 ? `unpack ${only?.path}` : `unpack ${entries.length} paths`,
    module: "unarchive",
    args: { src: archive, dest: "/" },
    ...(secret ? { noLog: true } : {}),
  };
}

/** One shell runs them in order; the first that fails says its name and ends the task. */
function commandsTask(commands: readonly Command[]): Task {
  const [only, ...more] = commands;
  if (only === undefined || more.length === 0) return commandTask(only?.name ?? "", only?.argv ?? []);
  const lines = commands.map(({ name, argv }) => `${shellQuote(argv)} || fail ${shellQuote([name])}`);
  const script = ['fail() { echo "while trying to: $1" >&2; exit 1; }', ...lines].join("\n");
  return commandTask(`${only.name}, and ${more.length} more`, ["/bin/sh", "-c", script]);
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
