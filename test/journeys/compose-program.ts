// The real Docker Compose: on this machine, or from Debian in a twin. `config` needs no engine.
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootTwin, prepareLab } from "../../src/lab/index.ts";

export type ComposeRun = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

export type Compose = {
  readonly version: string;
  /** Runs it with these arguments in a copy of `folder`. */
  run(folder: string, args: readonly string[]): Promise<ComposeRun>;
  close(): Promise<void>;
};

const TIMEOUT_MS = 60_000;
const INSTALL_MS = 300_000;

/** Programs that may be Compose; the first one of version 2 or later is it. */
const local = [[process.env["DEMESNE_COMPOSE"] ?? "docker-compose"], ["docker", "compose"]];

/** Undefined where there is none and no twin can be booted. */
export async function findCompose(): Promise<Compose | undefined> {
  for (const argv of local) {
    const version = versionOf(ask([...argv, "version", "--short"], "/"));
    if (version !== undefined)
      return { version, run: async (folder, args) => ask([...argv, ...args], folder), close: async () => {} };
  }
  return process.platform === "linux" && process.getuid?.() === 0 ? await inTwin() : undefined;
}

/** Version 1 is another program, in Python, that knows half of the language. */
function versionOf({ status, stdout }: ComposeRun): string | undefined {
  const version = stdout.trim().replace(/^v/, "");
  return status === 0 && !version.startsWith("1.") ? version : undefined;
}

function ask([program = "", ...args]: readonly string[], cwd: string): ComposeRun {
  // Nothing of this machine's environment may be filled in.
  const env = { PATH: process.env["PATH"], HOME: cwd };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: "utf8", timeout: TIMEOUT_MS });
  return { status, stdout: stdout ?? "", stderr: stderr ?? "" };
}

async function inTwin(): Promise<Compose> {
  const lab = await prepareLab({ progress: { step: () => {}, detail: () => {} } });
  const twin = await bootTwin(lab, { id: "compose", os: "debian-13", user: "ops" });
  const install = "apt-get -q update && apt-get -q -y install --no-install-recommends docker-compose";
  const installed = await twin.exec(["env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", install], {
    timeoutMs: INSTALL_MS,
  });
  if (installed.status !== 0) {
    await twin.destroy();
    throw new Error(`docker-compose cannot be installed in a twin: ${installed.stderr}`);
  }
  const program = "$(command -v docker-compose || echo /usr/libexec/docker/cli-plugins/docker-compose)";
  const run = async (folder: string, args: readonly string[]): Promise<ComposeRun> => {
    const place = `/root/compose-${randomUUID()}`;
    cpSync(folder, join(twin.root(), place), { recursive: true });
    try {
      return await twin.exec(["sh", "-c", `cd "$1" && shift && ${program} "$@"`, "sh", place, ...args], {
        timeoutMs: TIMEOUT_MS,
      });
    } finally {
      rmSync(join(twin.root(), place), { recursive: true, force: true });
    }
  };
  const empty = mkdtempSync(join(tmpdir(), "compose-"));
  const version = (await run(empty, ["version", "--short"])).stdout.trim();
  rmSync(empty, { recursive: true });
  return { version, run, close: async () => await twin.destroy() };
}
