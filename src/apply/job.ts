// What becomes one task: a tree to unpack, and the programs that follow it. A task costs most of a second, whatever it does.
import { shellQuote } from "../host/index.ts";
import { commandTask, type Command, type Step, type Task, type TreeEntry } from "../resources/index.ts";

export type Job = { readonly entries: readonly TreeEntry[]; readonly commands: Command[]; readonly task?: Task };

/** Until it is whole, a file stands beside its place under this ending, which no folder of configuration files reads. */
const NEW = ".demesne-new";
const RENAME = `for each in "$@"; do mv -fT -- "$each${NEW}" "$each" || exit 1; done`;

/**
 * tar writes a file where it finally stands: on a full disk it leaves half of it, and of the old one nothing. So trees are
 * unpacked beside, and one program renames all their files.
 */
export function jobsOf(steps: readonly Step[]): Job[] {
  const jobs: Job[] = [];
  for (const step of steps) {
    const last = jobs.at(-1);
    if (step.step === "task") jobs.push({ entries: [], commands: [], task: step.task });
    else if (step.step === "tree") jobs.push({ entries: step.entries.map(beside), commands: rename(step.entries) });
    else if (last === undefined || isClosed(last)) jobs.push({ entries: [], commands: [...step.commands] });
    else last.commands.push(...step.commands);
  }
  return jobs;
}

/** What goes with a secret is not logged, and a program that fails must be heard. */
function isClosed({ entries, task }: Job): boolean {
  return task !== undefined || entries.some((each) => each.secret !== undefined);
}

function beside(entry: TreeEntry): TreeEntry {
  return entry.type === "file" ? { ...entry, path: `${entry.path}${NEW}` } : entry;
}

function rename(entries: readonly TreeEntry[]): Command[] {
  const paths = entries.filter((each) => each.type === "file").map((each) => each.path);
  if (paths.length === 0) return [];
  const name = paths.length === 1 ? `put ${paths[0]} in place` : `put ${paths.length} files in place`;
  return [{ name, argv: ["/bin/sh", "-c", RENAME, "sh", ...paths] }];
}

export function taskOf({ entries, commands, task }: Job, at: number): Task {
  if (task !== undefined) return task;
  const [only, ...more] = commands;
  if (entries.length === 0 && only !== undefined && more.length === 0) return commandTask(only.name, only.argv);
  const unpack = entries.length === 0 ? [] : [`unpack ${entries.length} ${entries.length === 1 ? "path" : "paths"}`];
  const name = [...unpack, ...commands.map((each) => each.name)].join("; ");
  const argv = ["/bin/sh", "-c", script(unpack, commands)];
  if (entries.length === 0) return commandTask(name, argv);
  const isSecret = entries.some((each) => each.secret !== undefined);
  return { name, module: "command", args: { argv, stdin: archive(at) }, ...(isSecret ? { noLog: true } : {}) };
}

/** One shell runs all of it in order; the first that fails says its name and ends the task. */
function script(unpack: readonly string[], commands: readonly Command[]): string {
  const tar = "base64 --decode | tar --extract --preserve-permissions --same-owner --directory=/ --file=-";
  return [
    'fail() { echo "while trying to: $1" >&2; exit 1; }',
    ...unpack.map((name) => `${tar} || fail ${shellQuote([name])}`),
    "exec </dev/null",
    ...commands.map(({ name, argv }) => `${shellQuote(argv)} || fail ${shellQuote([name])}`),
  ].join("\n");
}

export function treeName(at: number): string {
  return `tree-${at}.b64`;
}

/** The one template in an apply's playbook: the tree comes in by standard input, since a secret in it is no argument. */
function archive(at: number): string {
  return `{{ lookup('ansible.builtin.file', '${treeName(at)}') }}`;
}

export function isArchive(text: string): boolean {
  return /^\{\{ lookup\('ansible\.builtin\.file', 'tree-\d+\.b64'\) \}\}$/.test(text);
}
