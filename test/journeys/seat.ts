// Where an operator sits: the real command line in a copy of an estate whose host is a twin, with an agent and secrets.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { loadEstate } from "../../src/estate/index.ts";
import { bootTwin, prepareLab, type Lab, type Twin } from "../../src/lab/index.ts";
import { run } from "../../src/lib/run.ts";
import { copyEstate, type EstateCopy } from "./estate-copy.ts";
import { demesne, start, type Ended, type Running, type WatchedOptions } from "./watched.ts";

export type Seat = WatchedOptions & {
  readonly lab: Lab;
  readonly twin: Twin;
  readonly estate: EstateCopy;
  /** The command line, in the estate's folder. */
  demesne(...args: readonly string[]): Promise<Ended>;
  start(...args: readonly string[]): Promise<Running>;
  /** The same in another environment. */
  with(env: Readonly<Record<string, string>>): Pick<Seat, "demesne">;
  /** Runs a shell line in the twin as root; throws when it fails. */
  inTwin(line: string): Promise<string>;
  close(): Promise<void>;
};

export type SeatOptions = {
  readonly estate: string;
  /** The account that logs in. */
  readonly user: string;
  /** Writes the twin's address, keys and whatever else differs into the copy. */
  readonly place: (estate: EstateCopy, twin: Twin, lab: Lab) => Promise<void> | void;
};

/** Boots a fresh twin of the estate's control host, and makes all that its operator has. */
export async function takeSeat({ estate: from, user, place }: SeatOptions): Promise<Seat> {
  const lab = await prepareLab({ progress: { step: () => {}, detail: () => {} } });
  const twin = await bootTwin(lab, { id: "control", os: "debian-13", user });
  const estate = copyEstate(from);
  const room = mkdtempSync(join(tmpdir(), "demesne-seat-"));
  const agent = await startAgent(join(room, "agent"), twin.address.identityFile ?? "");
  const env = { HOME: room, SSH_AUTH_SOCK: agent.socket, SOPS_AGE_KEY_FILE: join(room, "identity"), NO_COLOR: "1" };
  const options = { cwd: estate.folder, env };
  const close = async (): Promise<void> => {
    await twin.destroy();
    agent.stop();
    estate.remove();
    rmSync(room, { recursive: true, force: true });
  };
  try {
    await place(estate, twin, lab);
    await writeSecrets(options);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    ...options,
    lab,
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
    close,
  };
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
  const { secretRefs } = await loadEstate(options.cwd, { signal: AbortSignal.timeout(120_000) });
  for (const { name } of secretRefs) {
    const set = ["secrets", "set", name, "--random", "32", "--recipient", recipient];
    const { status, stderr } = await demesne(set, options);
    if (status !== 0) throw new Error(stderr);
  }
}
