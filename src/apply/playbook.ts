// Prints a plan into a playbook. Nothing is decided here: the plan holds every task and every byte. Pure.
import { Document, visit, type Scalar } from "yaml";
import type { HostPlan } from "../plan/index.ts";
import type { Step, Task, TreeEntry } from "../resources/index.ts";

/** Demesne's own folder on a host, and its list of what it put there. */
const STATE_FOLDER = "/var/lib/demesne";
const OWNED_FILE = `${STATE_FOLDER}/owned.json`;

export type Playbook = {
  readonly text: string;
  /** Trees that the play unpacks; the caller writes them under these names beside it. */
  readonly trees: readonly { readonly name: string; readonly entries: readonly TreeEntry[] }[];
};

export function printPlaybook(plan: HostPlan): Playbook {
  const { before, during, after } = plan.owned;
  const widen = before.length === during.length ? [] : [ownedTask("note what will be put here", during)];
  const narrow = after.length === during.length ? [] : [ownedTask("note what was taken away", after)];
  const folder = widen.length + narrow.length === 0 ? [] : [stateFolder];
  const trees = plan.steps.flatMap((step, index) =>
    step.step === "tree" ? [{ name: treeName(index), entries: step.entries }] : [],
  );
  const tasks = [...folder, ...widen, ...plan.steps.map(taskOf), ...narrow];
  return { text: printPlay(`apply a plan to ${plan.host}`, plan.host, tasks), trees };
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
  const secret = step.entries.some((each) => each.secret !== undefined);
  const [only, ...more] = step.entries;
  return {
    name: more.length === 0 ? `put ${only?.path}` : `put ${step.entries.length} paths in place`,
    module: "unarchive",
    args: { src: treeName(index), dest: "/" },
    ...(secret ? { noLog: true } : {}),
  };
}

const root = { owner: "root", group: "root" };
const stateFolder: Task = {
  name: "make Demesne's state folder",
  module: "file",
  args: { path: STATE_FOLDER, state: "directory", mode: "0700", ...root },
};

function ownedTask(name: string, owned: HostPlan["owned"]["after"]): Task {
  const content = `${JSON.stringify({ format: 1, owned })}\n`;
  return { name, module: "copy", args: { dest: OWNED_FILE, content, mode: "0600", ...root } };
}
