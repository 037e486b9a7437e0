// A small estate (one firewall) whose host is a twin, for the real command line: agent, secrets and all.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { bootTwin, prepareLab, type Twin } from "../../src/lab/index.ts";
import { run } from "../../src/lib/run.ts";
import { copyEstate, type EstateCopy } from "./estate-copy.ts";
import { demesne, start, type Ended, type Running } from "./watched.ts";

export type Wall = {
  readonly twin: Twin;
  readonly estate: EstateCopy;
  /** The command line, in the estate's folder. */
  demesne(...args: readonly string[]): Promise<Ended>;
  start(...args: readonly string[]): Promise<Running>;
  /** The same in another environment. */
  with(env: Readonly<Record<string, string>>): Pick<Wall, "demesne">;
  /** Runs a shell line in the twin as root; throws when it fails. */
  inTwin(line: string): Promise<string>;
  close(): Promise<void>;
};

const USER = "operator";

/** Boots a fresh twin, and writes its address and keys into a copy of the estate. */
export async function openWall(): Promise<Wall> {
  const lab = await prepareLab({ progress: { step: () => {}, detail: () => {} } });
  const twin = await bootTwin(lab, { id: "control", os: "debian-13", user: USER });
  const estate = copyEstate(resolve(import.meta.dirname, "../estates/wall"));
  const room = mkdtempSync(join(tmpdir(), "demesne-wall-"));
  const agent = await startAgent(join(room, "agent"), twin.address.identityFile ?? "");
  const env = { HOME: room, SSH_AUTH_SOCK: agent.socket, SOPS_AGE_KEY_FILE: join(room, "identity"), NO_COLOR: "1" };
  const options = { cwd: estate.folder, env };
  placeTwin(estate, twin);
  await writeSecrets(options);
  return {
    twin,
    estate,
    demesne: async (...args) => await demesne(args, options),
    start: async (...args) => await start(args, options),
    with: (more) => ({ demesne: async (...args) => await demesne(args, { ...options, env: { ...env, ...more } }) }),
    inTwin: async (line) => {
      const { status, stdout, stderr } = await twin.exec(["sh", "-c", line], { timeoutMs: 120_000 });
      if (status !== 0) throw new Error(`${line}: ${status} ${stderr}`);
      return stdout.trim();
    },
    close: async () => {
      await twin.destroy();
      agent.stop();
      estate.remove();
      rmSync(room, { recursive: true, force: true });
    },
  };
}

function placeTwin(estate: EstateCopy, { address4, address }: Twin): void {
  const hosts = "inventory/hosts.yaml";
  estate.edit(hosts, "192.0.2.10", address4);
  estate.edit(
    hosts,
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE7U2fxwtEf8imDlimxK24EBqqh6i6fU7obAMIrriR68 TEST",
    address.hostKeys.join(", "),
  );
}

/** An agent of our own with the one key, as an operator has one: the estate names no key file. */
async function startAgent(
  socket: string,
  key: string,
): Promise<{ readonly socket: string; readonly stop: () => void }> {
  const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  const { status, stderr } = await run(["ssh-add", "-q", key], { timeoutMs: 10_000, env: { SSH_AUTH_SOCK: socket } });
  if (status !== 0) throw new Error(stderr);
  return { socket, stop: () => void child.kill() };
}

/** As the operator does it, with the command line. */
async function writeSecrets(options: { readonly cwd: string; readonly env: Record<string, string> }): Promise<void> {
  const identity = await generateX25519Identity();
  writeFileSync(options.env["SOPS_AGE_KEY_FILE"] ?? "", `${identity}\n`, { mode: 0o600 });
  const recipient = await identityToRecipient(identity);
  for (const name of ["digest_key", "gateway/upstream_key"]) {
    const { status, stderr } = await demesne(
      ["secrets", "set", name, "--random", "32", "--recipient", recipient],
      options,
    );
    if (status !== 0) throw new Error(stderr);
  }
}
