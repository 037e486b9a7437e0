// The estate as a plain Ansible project: builtin modules, idempotent tasks, no Demesne needed to run it. Pure.
import { stringify } from "yaml";
import type { HostAddress } from "../host/index.ts";
import { batches } from "../plan/index.ts";
import { commandTask, idOf, kindOf, type Resource, type Task } from "../resources/index.ts";
import { printPlay } from "./playbook.ts";

export type ExportedHost = { readonly address: HostAddress; readonly resources: readonly Resource[] };
export type ExportedFile = { readonly path: string; readonly text: string };

const CONFIG = `[defaults]
inventory = inventory.yml
gathering = explicit
retry_files_enabled = false

[ssh_connection]
pipelining = true
ssh_args = -o ControlMaster=auto -o ControlPersist=60 -o UserKnownHostsFile=known_hosts -o StrictHostKeyChecking=yes
`;

/** All files of the project, by path. */
export function exportProject(estate: string, hosts: readonly ExportedHost[]): ExportedFile[] {
  const secrets = [...new Set(hosts.flatMap(({ resources }) => resources.flatMap(secretNames)))].sort();
  return [
    { path: "ansible.cfg", text: CONFIG },
    { path: "inventory.yml", text: inventory(hosts) },
    {
      path: "known_hosts",
      text: hosts.flatMap(({ address }) => address.hostKeys.map((key) => `${knownName(address)} ${key}\n`)).join(""),
    },
    { path: "site.yml", text: hosts.map(play).join("") },
    {
      path: "secrets.example.yml",
      text: stringify({ demesne_secrets: Object.fromEntries(secrets.map((name) => [name, "fill this in"])) }),
    },
    { path: "README.md", text: readme(estate) },
  ];
}

function play({ address, resources }: ExportedHost): string {
  const refresh = {
    name: "read the package lists",
    module: "apt",
    // Always: lists that were cleared within the hour (cloud images do) would count as fresh by their folder's time.
    args: { update_cache: true },
    changedWhen: "false",
  };
  const tasks = batches(resources).flatMap((batch) =>
    listed(batch.flatMap((each) => kindOf(each.ref).idempotent(each.wanted))),
  );
  return printPlay(`make ${address.id} as the estate wants it`, address.id, [refresh, ...folders(resources), ...tasks]);
}

/** The copy module makes no folders, and not every system has each that a file goes to. */
function folders(resources: readonly Resource[]): Task[] {
  const idsOf = (kind: string): string[] => resources.filter((each) => each.kind === kind).map(({ ref }) => idOf(ref));
  const wanted = new Set(idsOf("directory"));
  const needed = new Set(idsOf("file").map((path) => path.slice(0, path.lastIndexOf("/"))));
  const others = [...needed].filter((path) => !wanted.has(path)).sort();
  if (others.length === 0) return [];
  return [{ ...commandTask("make the folders of files", ["mkdir", "--parents", ...others]), changedWhen: "false" }];
}

/** apt takes a list of names, and starts once for all of them. */
function listed(tasks: readonly Task[]): Task[] {
  const byRest = new Map<string, Task>();
  for (const task of tasks) {
    const { name, ...rest } = task.args;
    const key = task.module === "apt" && Array.isArray(name) ? JSON.stringify(rest) : JSON.stringify(task);
    const before = byRest.get(key);
    byRest.set(key, before === undefined ? task : joined(before, task));
  }
  return [...byRest.values()];
}

function joined(one: Task, other: Task): Task {
  const names = [...namesOf(one), ...namesOf(other)];
  const [verb = ""] = one.name.split(" ");
  return { ...one, name: `${verb} ${names.join(", ")}`, args: { ...one.args, name: names } };
}

function namesOf({ args: { name } }: Task): string[] {
  return Array.isArray(name) ? name.filter((each) => typeof each === "string") : [];
}

function inventory(hosts: readonly ExportedHost[]): string {
  const entries = hosts.map(({ address: { id, address, port, user } }) => {
    const login = { ansible_host: address, ansible_port: port, ansible_user: user, ansible_become: user !== "root" };
    return [id, { ...login, ansible_python_interpreter: "/usr/bin/python3" }];
  });
  return stringify({ all: { hosts: Object.fromEntries(entries) } });
}

function knownName({ address, port }: HostAddress): string {
  return port === 22 ? address : `[${address}]:${port}`;
}

function secretNames({ wanted }: Resource): string[] {
  if (typeof wanted !== "object" || wanted === null || !("secret" in wanted)) return [];
  const { secret } = wanted;
  return typeof secret === "object" && secret !== null && "name" in secret ? [String(secret.name)] : [];
}

function readme(estate: string): string {
  return `# ${estate}, as an Ansible project

Written by \`demesne export ansible\`. It uses builtin modules only and needs nothing of Demesne:

    cp secrets.example.yml secrets.yml      # fill it in; ansible-vault encrypt secrets.yml
    ansible-playbook site.yml -e @secrets.yml --check --diff
    ansible-playbook site.yml -e @secrets.yml

What is lost against Demesne: the plan that binds, removal of what is no longer wanted, the look before and after.
`;
}
