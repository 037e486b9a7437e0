// Runs a printed plan with ansible-core: a private folder on tmpfs, pinned keys, events as they happen.
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { SshHost } from "../host/index.ts";
import { Problem } from "../lib/problem.ts";
import { run } from "../lib/run.ts";
import { secretText } from "../lib/secret-text.ts";
import type { Sensitive } from "../lib/sensitive.ts";
import { tar, type TarEntry } from "../lib/tar.ts";
import type { TreeEntry } from "../resources/index.ts";
import type { Ansible } from "./install-ansible.ts";
import { isAlive, startOf } from "./lease.ts";
import type { Playbook } from "./playbook.ts";

export type RunPlaybookOptions = {
  readonly host: SshHost;
  readonly ansible: Ansible;
  readonly playbook: Playbook;
  /** Opens a secret by its reference. */
  readonly secret: (name: string) => Sensitive;
  /** What is started instead of Python: it lets only the holder of the lease run a task. */
  readonly interpreter: string;
  /** Folder on the host for what a task needs, in memory; whoever takes the lease has it removed at the end. */
  readonly remote: string;
  readonly onTask: (name: string) => void;
  readonly signal?: AbortSignal | undefined;
};

const Event = z.looseObject({
  event: z.enum(["start", "ok", "skipped", "failed", "unreachable"]),
  task: z.string(),
  msg: z.string().optional(),
  stderr: z.string().optional(),
  stdout: z.string().optional(),
});
type Event = z.infer<typeof Event>;

const RUN_TIMEOUT_MS = 60 * 60_000;
/** tmpfs, so that nothing of a plan's texts or secrets reaches a disk. */
const MEMORY = "/dev/shm";
/** Its own folder names the process that made it. */
const LOCAL = "demesne-apply-";

/** The host's side has a name that nobody there can guess and make first: its /dev/shm is open to all its users. */
export function remoteFolder(): string {
  return `${MEMORY}/demesne-${randomBytes(16).toString("hex")}`;
}

/** Runs every task, in order. Throws Problem `failed`, `refused` (the lease is lost) or `unreachable`, naming the task. */
export async function runPlaybook(options: RunPlaybookOptions): Promise<void> {
  await sweep();
  const folder = await mkdtemp(join(MEMORY, `${LOCAL}${process.pid}-${startOf(process.pid) ?? ""}-`));
  try {
    await writeInputs(folder, options);
    await execute(folder, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A process that was killed could not take its folder away, and there may be secrets in it. */
async function sweep(): Promise<void> {
  for (const name of await readdir(MEMORY)) {
    const [, pid, started = ""] = /^demesne-apply-(\d+)-(\d*)-/.exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid), started)) continue;
    // Somebody else's is theirs to sweep.
    await rm(join(MEMORY, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

async function writeInputs(folder: string, options: RunPlaybookOptions): Promise<void> {
  const { playbook, secret } = options;
  const write = async (name: string, content: string | Uint8Array): Promise<void> =>
    await writeFile(join(folder, name), content, { mode: 0o600 });
  await write("ansible.cfg", "");
  await write("playbook.yml", playbook.text);
  await write("inventory.json", JSON.stringify(inventory(options)));
  for (const { name, entries } of playbook.trees)
    await write(name, tar(entries.map((each) => tarEntry(each, secret))).toString("base64"));
}

function inventory({ host, interpreter }: RunPlaybookOptions) {
  const { id, address, port, user } = host.address;
  const variables = {
    ansible_host: address,
    ansible_port: port,
    ansible_user: user,
    ansible_become: user !== "root",
    ansible_become_flags: "-n -H",
    ansible_ssh_common_args: host.options(true).map(quote).join(" "),
    ansible_python_interpreter: interpreter,
  };
  return { all: { hosts: { [id]: variables } } };
}

/** Ansible splits this value as a shell would. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function tarEntry({ path, content, secret, ...entry }: TreeEntry, open: (name: string) => Sensitive): TarEntry {
  const text = secret === undefined ? (content ?? "") : secretText(secret.name, secret.template, open(secret.name));
  return { ...entry, path: path.slice(1), content: Buffer.from(entry.type === "file" ? text : "") };
}

async function execute(folder: string, options: RunPlaybookOptions): Promise<void> {
  const { ansible, onTask, host, remote, signal } = options;
  let failure: Event | undefined;
  const onLine = (line: string): void => {
    const event = readEvent(line);
    if (event?.event === "start") onTask(event.task);
    if (event?.event === "failed" || event?.event === "unreachable") failure ??= event;
  };
  const argv = [ansible.playbook, "--inventory", join(folder, "inventory.json"), join(folder, "playbook.yml")];
  const { status, stderr, stdout } = await run(argv, {
    timeoutMs: RUN_TIMEOUT_MS,
    env: environment(folder, remote),
    onLine,
    signal,
  });
  if (failure !== undefined) throw taskProblem(host.id, failure);
  if (status !== 0) {
    const said = lastLine(stderr) || lastLine(stdout);
    throw new Problem({
      code: "failed",
      where: `host ${host.id}`,
      what: `ansible-playbook ended with ${status}: ${said}`,
      fix: "plan again to see what is left; please report it with the line above",
    });
  }
}

function readEvent(line: string): Event | undefined {
  if (!line.startsWith("{")) return undefined;
  const parsed = Event.safeParse(JSON.parse(line));
  return parsed.success ? parsed.data : undefined;
}

/** Nothing of the operator's own Ansible configuration or environment is used. */
function environment(folder: string, remote: string): Record<string, string> {
  const { PATH = "/usr/bin:/bin", HOME = "/root", SSH_AUTH_SOCK } = process.env;
  return {
    PATH,
    HOME,
    LC_ALL: "C.UTF-8",
    PYTHONDONTWRITEBYTECODE: "1",
    ...(SSH_AUTH_SOCK === undefined ? {} : { SSH_AUTH_SOCK }),
    ANSIBLE_CONFIG: join(folder, "ansible.cfg"),
    ANSIBLE_HOME: join(folder, "home"),
    ANSIBLE_LOCAL_TEMP: join(folder, "tmp"),
    ANSIBLE_REMOTE_TEMP: remote,
    ANSIBLE_PIPELINING: "True",
    // A module notes its arguments in the host's journal, and texts of files are among them.
    ANSIBLE_NO_TARGET_SYSLOG: "True",
    ANSIBLE_SSH_ARGS: "",
    ANSIBLE_CALLBACK_PLUGINS: new URL("ansible", import.meta.url).pathname,
    ANSIBLE_STDOUT_CALLBACK: "demesne_events",
    ANSIBLE_GATHERING: "explicit",
    ANSIBLE_RETRY_FILES_ENABLED: "False",
    ANSIBLE_NOCOLOR: "1",
    ANSIBLE_DEPRECATION_WARNINGS: "False",
  };
}

/** Whoever takes the lease removes what started the last holder's tasks. */
const LEASE_LOST = /demesne: the lease is lost: .*|module interpreter .*\/lease-[0-9a-f]+' was not found/;

function taskProblem(id: string, { event, task, msg, stderr, stdout }: Event): Problem {
  const lost = LEASE_LOST.exec(`${msg ?? ""}\n${stderr ?? ""}\n${stdout ?? ""}`);
  if (lost !== null) return lostLease(id, task, lost[0]);
  // For a program that failed, Ansible's own message says only that it did.
  const isVague = msg === "non-zero return code";
  const reasons = isVague ? [tail(stderr), tail(stdout)] : [msg, tail(stderr), tail(stdout)];
  const said = reasons.find((each) => each !== undefined && each !== "") ?? "no reason was given";
  return new Problem({
    code: event === "unreachable" ? "unreachable" : "failed",
    where: `host ${id}, task "${task}"`,
    what: said.trim().replaceAll(/\s+/g, " "),
    fix: "what ran before it is done and stays; mend the cause, then plan again: the new plan holds what is left",
  });
}

function lostLease(id: string, task: string, said: string): Problem {
  return new Problem({
    code: "refused",
    where: `host ${id}, task "${task}"`,
    what: said.startsWith("demesne: ") ? said.replace("demesne: ", "") : "the lease is lost: another apply took it",
    fix: "what ran before it is done and stays; see who changes the host now: demesne status; then plan again",
  });
}

/** The end of what a program said, on one line. */
function tail(text: string | undefined): string | undefined {
  return text?.trim().split("\n").slice(-4).join("; ");
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
