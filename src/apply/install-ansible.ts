// ansible-core in a private folder outside the project, pinned by hash. Nothing of the system's Ansible is used.
import { mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { digest } from "../lib/digest.ts";
import { Problem } from "../lib/problem.ts";
import type { Progress } from "../lib/ports.ts";
import { run } from "../lib/run.ts";

export type Ansible = {
  /** Path of ansible-playbook. */
  readonly playbook: string;
  readonly version: string;
  /** Python of this machine that it runs on. */
  readonly python: string;
  /** Digest of the hash-pinned requirements. */
  readonly digest: string;
};

type Pin = {
  readonly version: string;
  readonly digest: string;
  readonly note: string;
  readonly requirements: string;
  readonly python: { readonly path: string; readonly version: string; readonly minor: number };
};

export type InstallOptions = {
  /** Folder for what is made once, outside the project. */
  readonly cache: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** What is pinned for this machine, where it is known already: asking costs a start of Python. */
  readonly pin?: Pin | undefined;
};

const INSTALL_TIMEOUT_MS = 10 * 60_000;

/** The newest ansible-core that this Python can run: 2.19 is the last for 3.11. */
const lines = [
  { from: [3, 12], file: "requirements-2.21.txt", note: "" },
  { from: [3, 11], file: "requirements-2.19.txt", note: " (the last for Python 3.11)" },
] as const;

/** The pinned ansible-core for this machine's Python, whether it is installed yet or not. Throws Problem `prerequisite`. */
export async function pinnedAnsible(): Promise<Pin> {
  const python = await findPython();
  const line = lines.find(({ from }) => python.minor >= from[1]);
  if (line === undefined) {
    throw new Problem({
      code: "prerequisite",
      where: "python3",
      what: `is ${python.version}, and ansible-core needs 3.11 or later`,
      fix: "install a newer Python 3 and put it first in PATH",
    });
  }
  const requirements = new URL(`ansible/${line.file}`, import.meta.url).pathname;
  const text = await readFile(requirements, "utf8");
  const version = /^ansible-core==(\S+)/m.exec(text)?.[1] ?? "";
  return { version, digest: digest(text), note: line.note, requirements, python };
}

/** Answers the pinned ansible-core, installing it when it is not there yet. Throws Problem `prerequisite`. */
export async function installAnsible(options: InstallOptions): Promise<Ansible> {
  const { version, digest: pinned, note, requirements, python } = options.pin ?? (await pinnedAnsible());
  const folder = join(options.cache, "ansible", `${version}-py3.${python.minor}-${pinned.slice(7, 19)}`);
  if (!(await exists(join(folder, "complete")))) {
    options.progress.step(`installing ansible-core ${version}${note} into ${folder}`);
    await install(folder, python.path, requirements, options.signal);
  }
  return { playbook: join(folder, "bin", "ansible-playbook"), version, python: python.version, digest: pinned };
}

async function findPython(): Promise<Pin["python"]> {
  const ask = "import sys; print(sys.executable); print('%d.%d.%d' % sys.version_info[:3])";
  const { status, stdout } = await run(["python3", "-I", "-S", "-c", ask], { timeoutMs: 10_000 }).catch(() => ({
    status: 1,
    stdout: "",
  }));
  const [path, version] = stdout.split("\n");
  if (status !== 0 || path === undefined || version === undefined) {
    throw new Problem({
      code: "prerequisite",
      where: "python3",
      what: "cannot be run on this machine",
      fix: "apt-get install python3 python3-venv",
    });
  }
  return { path, version, minor: Number(version.split(".")[1]) };
}

/** Made under another name and renamed, so that an interrupted installation is never taken for a whole one. */
async function install(
  folder: string,
  python: string,
  requirements: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await mkdir(join(folder, ".."), { recursive: true });
  await rm(folder, { recursive: true, force: true });
  // A virtual environment holds its own path, so it is made in place and marked complete at the end.
  await need([python, "-m", "venv", folder], "make a virtual environment", "apt-get install python3-venv", signal);
  const pip = [
    join(folder, "bin", "python"),
    "-m",
    "pip",
    "install",
    "--disable-pip-version-check",
    "--no-input",
    "--quiet",
  ];
  const pinned = ["--require-hashes", "--only-binary", ":all:", "--requirement", requirements];
  await need(
    [...pip, ...pinned],
    "install ansible-core",
    "check that the package index can be reached: pip download ansible-core",
    signal,
  );
  await mkdir(join(folder, "complete.new"));
  await rename(join(folder, "complete.new"), join(folder, "complete"));
}

async function need(
  argv: readonly string[],
  what: string,
  fix: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { status, stderr, timedOut } = await run(argv, { timeoutMs: INSTALL_TIMEOUT_MS, signal });
  if (status === 0) return;
  const reason = timedOut ? "no end within 10 minutes" : (stderr.trim().split("\n").at(-1) ?? "");
  throw new Problem({ code: "prerequisite", where: "ansible-core", what: `cannot ${what}: ${reason}`, fix });
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
