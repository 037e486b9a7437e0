// Runs the oracle's playbook in check mode against a twin, and answers with the refs of what it would change.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { run } from "../../../src/lib/run.ts";
import type { OpenTwin, Rehearsed } from "../applied-twin.ts";
import { oracleVariables } from "./wanted.ts";

const PLAYBOOK = join(import.meta.dirname, "playbook.yml");
const RUN_MS = 10 * 60_000;

const Result = z.looseObject({
  changed: z.boolean().default(false),
  failed: z.boolean().default(false),
  msg: z.unknown().optional(),
  stdout: z.string().optional(),
  _ansible_item_label: z.string().optional(),
});
const Output = z.looseObject({
  plays: z.array(
    z.looseObject({
      tasks: z.array(
        z.looseObject({
          task: z.looseObject({ name: z.string() }),
          hosts: z.record(z.string(), Result.extend({ results: z.array(Result).optional() })),
        }),
      ),
    }),
  ),
});

export type Question = {
  readonly rehearsed: Rehearsed;
  /** Folder of the collections. */
  readonly collections: string;
  /** Kinds to look at; all of them when there is no list. */
  readonly kinds?: readonly string[] | undefined;
};

/** Sorted refs of everything that the usual modules would change. Throws when one of them fails. */
export async function askOracle(open: OpenTwin, { rehearsed, collections, kinds }: Question): Promise<string[]> {
  const folder = mkdtempSync(join("/dev/shm", "demesne-oracle-"));
  try {
    const write = (name: string, value: unknown): void =>
      writeFileSync(join(folder, name), JSON.stringify(value), { mode: 0o600 });
    write("vars.json", { oracle: oracleVariables(rehearsed.resources, open.secrets, kinds) });
    write("inventory.json", inventory(open));
    writeFileSync(join(folder, "ansible.cfg"), "");
    const argv = [open.ansible.playbook, "--check", "-i", join(folder, "inventory.json"), PLAYBOOK];
    const { stdout, stderr } = await run([...argv, "-e", `@${join(folder, "vars.json")}`], {
      timeoutMs: RUN_MS,
      env: environment(folder, collections),
    });
    if (!stdout.includes("{")) throw new Error(`the oracle says nothing: ${stderr}`);
    const known = new Set<string>(rehearsed.resources.map((each) => each.ref));
    return refsOf(Output.parse(JSON.parse(stdout.slice(stdout.indexOf("{"))))).filter((ref) => known.has(ref));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function inventory({ ssh, twin }: OpenTwin) {
  const { id, address, port, user } = twin.address;
  const quoted = ssh.options(true).map((word) => `'${word}'`);
  const login = { ansible_host: address, ansible_port: port, ansible_user: user, ansible_become: true };
  const python = { ansible_python_interpreter: "/usr/bin/python3", ansible_ssh_common_args: quoted.join(" ") };
  return { all: { hosts: { [id]: { ...login, ...python } } } };
}

function environment(folder: string, collections: string): Record<string, string> {
  const { PATH = "/usr/bin:/bin", HOME = "/root" } = process.env;
  return {
    PATH,
    HOME,
    LC_ALL: "C.UTF-8",
    ANSIBLE_CONFIG: join(folder, "ansible.cfg"),
    ANSIBLE_HOME: join(folder, "home"),
    ANSIBLE_LOCAL_TEMP: join(folder, "tmp"),
    ANSIBLE_COLLECTIONS_PATH: collections,
    ANSIBLE_STDOUT_CALLBACK: "ansible.posix.json",
    ANSIBLE_PIPELINING: "True",
    ANSIBLE_SSH_ARGS: "",
    ANSIBLE_GATHERING: "explicit",
    ANSIBLE_DEPRECATION_WARNINGS: "False",
  };
}

function refsOf({ plays }: z.infer<typeof Output>): string[] {
  const refs = plays.flatMap(({ tasks }) =>
    tasks.flatMap(({ task, hosts }) =>
      Object.values(hosts).flatMap((host) =>
        (host.results ?? [host]).flatMap((result) => refsOfResult(task.name, result)),
      ),
    ),
  );
  return [...new Set(refs)].sort();
}

function refsOfResult(name: string, result: z.infer<typeof Result>): string[] {
  if (result.failed) throw new Error(`the oracle fails at ${name}${labelOf(result)}: ${JSON.stringify(result.msg)}`);
  if (!result.changed) return [];
  if (name !== "package:") return [`${name}${labelOf(result)}`];
  return aptListing(result.stdout ?? "").map((each) => `package:${each}`);
}

function labelOf(result: z.infer<typeof Result>): string {
  return result._ansible_item_label ?? "";
}

/** The names that apt says it would install or remove, dependencies too. */
function aptListing(stdout: string): string[] {
  const listed = [
    ...stdout.matchAll(/^The following (?:NEW packages will be installed|packages will be REMOVED):\n((?: .*\n)+)/gm),
  ];
  return listed
    .flatMap(([, lines = ""]) => lines.split(/\s+/))
    .map((name) => name.replace(/\*$/, ""))
    .filter((name) => name !== "");
}
