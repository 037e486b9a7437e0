// A host reached by the system's OpenSSH: one process, one connection per call, everything with a deadline.
import { existsSync } from "node:fs";
import { mkdtemp, rm, rmdir, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Problem } from "../lib/problem.ts";
import { run, type RunResult } from "../lib/run.ts";
import type { Host, HostAddress, HostRunOptions } from "./host.ts";
import { shellQuote } from "./shell-quote.ts";
import { knownHostsText, sshOptions } from "./ssh-options.ts";

/** ssh's own exit status: the connection failed, not the program. */
const SSH_FAILED = 255;

/** Holds the private folder of one run (known_hosts, control socket) until `close`. */
export class SshHost implements Host {
  readonly id: string;
  readonly address: HostAddress;
  readonly folder: string;

  private constructor(address: HostAddress, folder: string) {
    this.id = address.id;
    this.address = address;
    this.folder = folder;
  }

  static async open(address: HostAddress): Promise<SshHost> {
    const folder = await mkdtemp(join(tmpdir(), "demesne-ssh-"));
    await writeFile(join(folder, "known_hosts"), knownHostsText(address), { mode: 0o600 });
    return new SshHost(address, folder);
  }

  /** Options for a client that shares this host's pinned keys; `multiplexed` ones share one connection. */
  options(multiplexed: boolean): string[] {
    const knownHosts = join(this.folder, "known_hosts");
    return sshOptions(this.address, multiplexed ? { knownHosts, controlPath: this.controlPath } : { knownHosts });
  }

  async run(argv: readonly string[], options: HostRunOptions): Promise<RunResult> {
    return await this.over(false, argv, options);
  }

  /**
   * The same host over one connection that its calls, and Ansible's tasks, share: the first makes it, `close` ends it. Not for
   * what shall prove that the host can be reached, nor for what shall be tried when it perhaps cannot.
   */
  shared(): Host {
    return { id: this.id, run: async (argv, options) => await this.over(true, argv, options) };
  }

  private async over(shared: boolean, argv: readonly string[], options: HostRunOptions): Promise<RunResult> {
    const words = this.address.user === "root" ? argv : ["sudo", "-n", "--", ...argv];
    const result = await run(["ssh", "-T", ...this.options(shared), ...this.target(), shellQuote(words)], options);
    refuseIfUnreached(this.address, result, options.timeoutMs);
    return result;
  }

  /** Ends the run's multiplexer, if Ansible left one, and removes the private folder. */
  async close(): Promise<void> {
    // A look leaves no multiplexer, and asking for one costs as much as a fifth of the look.
    if (existsSync(this.controlPath)) {
      const argv = ["ssh", ...this.options(true), "-O", "exit", ...this.target()];
      await run(argv, { timeoutMs: 5000 }).catch(() => undefined);
    }
    // What is known to be there goes off the main thread; the search for more, which holds it up, is for what is left.
    await unlink(join(this.folder, "known_hosts")).catch(() => undefined);
    await rmdir(this.folder).catch(async () => await rm(this.folder, { recursive: true, force: true }));
  }

  private get controlPath(): string {
    return join(this.folder, "mux");
  }

  private target(): string[] {
    return ["-p", String(this.address.port), "-l", this.address.user, this.address.address];
  }
}

/** Tells a connection that failed from a program that failed; a program's own failure is the caller's. */
function refuseIfUnreached(address: HostAddress, result: RunResult, timeoutMs: number): void {
  const where = `host ${address.id}`;
  const at = `${address.user}@${address.address} port ${address.port}`;
  if (result.timedOut) {
    throw new Problem({
      code: "unreachable",
      where,
      what: `no answer from ${at} within ${Math.round(timeoutMs / 1000)} s`,
      fix: `try it by hand: ssh -p ${address.port} ${address.user}@${address.address} true`,
    });
  }
  if (result.status === SSH_FAILED) throw connectionProblem(address, where, at, result.stderr.trim());
  if (/^sudo: (a password is required|a terminal is required)/m.test(result.stderr)) {
    throw new Problem({
      code: "prerequisite",
      where,
      what: `sudo asks ${address.user} for a password, and nobody is there to type it`,
      fix: `on the host, as root: echo '${address.user} ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/90-${address.user} && chmod 0440 /etc/sudoers.d/90-${address.user}`,
    });
  }
  if (/sudo: (command )?not found/m.test(result.stderr)) {
    throw new Problem({
      code: "prerequisite",
      where,
      what: "sudo is not installed",
      fix: "on the host, as root: apt-get install sudo, or let the estate's user be root",
    });
  }
}

function connectionProblem(address: HostAddress, where: string, at: string, stderr: string): Problem {
  if (/host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/i.test(stderr)) {
    return new Problem({
      code: "unreachable",
      where,
      what: `${at} shows a host key that is not in the inventory; nothing was sent`,
      fix: `if the host was rebuilt, read its key on its console (ssh-keygen -y -f /etc/ssh/ssh_host_ed25519_key) and put it into inventory/hosts.yaml at ${address.id}/hostKeys`,
    });
  }
  if (/permission denied/i.test(stderr)) {
    return new Problem({
      code: "unreachable",
      where,
      what: `${at} refused the login: ${lastLine(stderr)}`,
      fix: `load the right key (ssh-add -l shows what the agent offers), or put it into ${address.user}'s authorized_keys`,
    });
  }
  return new Problem({
    code: "unreachable",
    where,
    what: `cannot connect to ${at}: ${lastLine(stderr)}`,
    fix: `check that the host is up and that address and port in inventory/hosts.yaml are right`,
  });
}

function lastLine(text: string): string {
  return text.split("\n").at(-1)?.trim() || "ssh said nothing";
}
