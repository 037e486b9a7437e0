// The others over the same hosts, each at its best: Ansible's check mode of the exported project, and pyinfra's dry run of what
// it has operations for.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { installAnsible } from "../../src/apply/index.ts";
import { cacheFolder } from "../../src/cli/cache-folder.ts";
import { ended } from "../plan/measure.ts";
import { USER, type FleetHost } from "./hosts.ts";
import type { Operator } from "./operator.ts";

const Play = z.looseObject({ hosts: z.string(), tasks: z.array(z.record(z.string(), z.unknown())) });
type Play = z.infer<typeof Play>;

const DEPLOY = resolve(import.meta.dirname, "pyinfra-deploy.py");
export const PYINFRA = "3.10.0";
const BUILTIN = "ansible.builtin.";
const progress = { step: () => {}, detail: () => {} };

/** The play of one host's roles, out of the whole project, for all hosts at once. */
export function playForAll(project: string): Play {
  const plays = z.array(Play).parse(parse(readFileSync(join(project, "site.yml"), "utf8")));
  const one = plays.find(({ hosts }) => hosts === "control");
  if (one === undefined) throw new TypeError("the exported project has no play for control");
  // A host of the fleet has no package lists and no init: what fails for that must not end the play early.
  return { ...one, hosts: "all", ignore_errors: true };
}

/** `--check --diff` with as many forks as hosts, pipelining, connections kept, no facts. */
export async function checkMode(
  operator: Operator,
  project: string,
  hosts: readonly FleetHost[],
  forks: number,
): Promise<void> {
  const { playbook } = await installAnsible({ cache: cacheFolder(), progress });
  writeFileSync(join(project, "all.yml"), stringify([playForAll(project)]));
  const env = { ...operator.env, LC_ALL: "C.UTF-8", ANSIBLE_HOME: join(project, ".ansible"), ANSIBLE_NOCOLOR: "1" };
  const limit = hosts.map(({ id }) => id).join(",");
  const how = ["--check", "--diff", "--forks", String(forks), "--limit", limit, "-e", "@secrets.example.yml"];
  await ended([playbook, "all.yml", ...how], { cwd: project, env });
}

/** How many of the play's tasks pyinfra is given, and how many there are. */
export function pyinfraTasks(project: string, file: string): { readonly given: number; readonly all: number } {
  const tasks = playForAll(project).tasks.map(taskOf);
  const given = tasks.flatMap((each) => translated(each));
  writeFileSync(file, JSON.stringify(given));
  return { given: given.length, all: tasks.length };
}

type Task = { readonly name: string; readonly module: string; readonly args: Readonly<Record<string, unknown>> };

function taskOf(task: Readonly<Record<string, unknown>>): Task {
  const [key = "", args] = Object.entries(task).find(([name]) => name.startsWith(BUILTIN)) ?? [];
  return {
    name: String(task["name"]),
    module: key.slice(BUILTIN.length),
    args: z.record(z.string(), z.unknown()).parse(args),
  };
}

function translated(task: Task): Task[] {
  if (["copy", "group", "user"].includes(task.module)) return [task];
  if (task.module === "file" && task.args["state"] === "directory") return [task];
  if (task.module === "apt" && Array.isArray(task.args["name"])) return [task];
  const argv = z.array(z.string()).safeParse(task.args["argv"]).data ?? [];
  const [program, verb, setting = ""] = argv;
  if (program !== "sysctl" || verb !== "--write") return [];
  const [key, ...value] = setting.split("=");
  return [{ ...task, module: "sysctl", args: { key, value: value.join("=") } }];
}

/** `pyinfra --dry`, from a folder of its own in the cache, its version pinned. */
export async function dryRun(operator: Operator, tasks: string, hosts: readonly FleetHost[]): Promise<void> {
  const inventory = join(operator.room, "inventory.py");
  writeFileSync(inventory, `fleet = ${JSON.stringify(hosts.map(({ address }) => address))}\n`);
  const known = join(operator.room, "known_hosts");
  writeFileSync(known, hosts.flatMap((each) => each.hostKeys.map((key) => `${each.address} ${key}\n`)).join(""));
  const login = ["--user", USER, "--data", `ssh_known_hosts_file=${known}`, "--parallel", "50"];
  const env = { ...operator.env, FLEET_TASKS: tasks, LC_ALL: "C.UTF-8" };
  await ended([join(pyinfraFolder(), "bin", "pyinfra"), "--dry", ...login, inventory, DEPLOY], {
    cwd: operator.room,
    env,
  });
}

function pyinfraFolder(): string {
  return join(cacheFolder(), `pyinfra-${PYINFRA}`);
}

/** Outside of what is measured. */
export async function installPeers(operator: Operator): Promise<void> {
  await installAnsible({ cache: cacheFolder(), progress });
  const folder = pyinfraFolder();
  if (existsSync(join(folder, "bin", "pyinfra"))) return;
  const where = { cwd: operator.room, env: { HOME: operator.room } };
  await ended(["python3", "-m", "venv", folder], where);
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `pyinfra==${PYINFRA}`];
  await ended([join(folder, "bin", "python"), ...pip], where);
}
