// What the other rooms may ask of a host, whichever way it is reached (ssh, local, fake).
import type { RunResult } from "../lib/run.ts";

/** How to reach a host over SSH, with the keys that prove it is the right one. */
export type HostAddress = {
  /** The host's id in the estate; also the HostKeyAlias. */
  readonly id: string;
  /** IPv4 or IPv6 literal, or a name. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Public host keys, `ssh-ed25519 AAAA...`; any other key is refused. */
  readonly hostKeys: readonly string[];
  /** Private key file to offer; without it the operator's agent and defaults are used. */
  readonly identityFile?: string | undefined;
  /** `user@address:port` of a jump host. */
  readonly proxyJump?: string | undefined;
};

export type HostRunOptions = {
  readonly input?: string | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
};

export type Host = {
  readonly id: string;
  /**
   * Runs argv as root on the host, over one connection.
   * Throws Problem `unreachable` (no answer, wrong host key, refused login) and `prerequisite` (sudo asks for a password).
   */
  run(argv: readonly string[], options: HostRunOptions): Promise<RunResult>;
};
