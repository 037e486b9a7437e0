// Ansible's side at its best, with the same pinned ansible-core: pipelining, no facts, one connection kept open.
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { installAnsible } from "../../src/apply/index.ts";
import { cacheFolder } from "../../src/cli/cache-folder.ts";
import type { Seat } from "../../test/journeys/seat.ts";
import { ended } from "./measure.ts";

/** Runs a playbook of an exported project, with its secrets, as its README says. */
export async function ansible(seat: Seat, folder: string, ...args: readonly string[]): Promise<void> {
  const progress = { step: () => {}, detail: () => {} };
  const { playbook } = await installAnsible({ cache: cacheFolder(), progress });
  const env = { ...seat.env, LC_ALL: "C.UTF-8", ANSIBLE_HOME: join(folder, ".ansible"), ANSIBLE_NOCOLOR: "1" };
  await fillSecrets(folder);
  await ended([playbook, ...args, "-e", "@secrets.yml"], { cwd: folder, env });
}

/** Made up: nothing here asks what they are. */
async function fillSecrets(folder: string): Promise<void> {
  const text = readFileSync(join(folder, "secrets.example.yml"), "utf8").replaceAll("fill this in", "bench");
  await writeFile(join(folder, "secrets.yml"), text, { mode: 0o600 });
}

/** What anybody's playbook is made of, one module a task: files, folders, lines, services, users. */
export function plainPlaybook(count: number): string {
  const kinds = [
    (at: number) => ({
      "ansible.builtin.copy": { dest: `/srv/bench/file-${at}`, content: `file ${at}\n`, mode: "0644" },
    }),
    (at: number) => ({ "ansible.builtin.file": { path: `/srv/bench/folder-${at}`, state: "directory", mode: "0755" } }),
    (at: number) => ({ "ansible.builtin.lineinfile": { path: "/srv/bench/lines", line: `line ${at}`, create: true } }),
    () => ({ "ansible.builtin.systemd_service": { name: "ssh.service", enabled: true, state: "started" } }),
    () => ({ "ansible.builtin.user": { name: "ops", shell: "/bin/bash" } }),
  ];
  const first = { name: "folder", "ansible.builtin.file": { path: "/srv/bench", state: "directory", mode: "0755" } };
  const tasks = Array.from({ length: count - 1 }, (_, at) => ({
    name: `task ${at}`,
    ...kinds[at % kinds.length]?.(at),
  }));
  return stringify([{ hosts: "all", gather_facts: false, tasks: [first, ...tasks] }]);
}
