// The one place where OpenSSH's options are written: for the probe, for Ansible and for the proof of access.
import type { HostAddress } from "./host.ts";

/** Files that one run keeps in its private folder. */
export type SshFiles = {
  readonly knownHosts: string;
  /** Socket of the run's own multiplexer; without it every connection is a new one. */
  readonly controlPath?: string | undefined;
};

/** Seconds that a connection may take to be made. */
const CONNECT_TIMEOUT_S = 10;

/**
 * Options that pin the host's key and keep the operator's own configuration out.
 * The keys are looked up under the host's id (HostKeyAlias), so an address may change and a key may not.
 */
export function sshOptions(address: HostAddress, files: SshFiles): string[] {
  const options = {
    BatchMode: "yes",
    ConnectTimeout: String(CONNECT_TIMEOUT_S),
    ServerAliveInterval: "15",
    ServerAliveCountMax: "4",
    StrictHostKeyChecking: "yes",
    UserKnownHostsFile: files.knownHosts,
    GlobalKnownHostsFile: "/dev/null",
    HostKeyAlias: address.id,
    CheckHostIP: "no",
    UpdateHostKeys: "no",
    HashKnownHosts: "no",
    PasswordAuthentication: "no",
    KbdInteractiveAuthentication: "no",
    ForwardAgent: "no",
    ForwardX11: "no",
    LogLevel: "ERROR",
    ...multiplexing(files.controlPath),
    ...(address.identityFile === undefined ? {} : { IdentityFile: address.identityFile, IdentitiesOnly: "yes" }),
    ...(address.proxyJump === undefined ? {} : { ProxyJump: address.proxyJump }),
  };
  return ["-F", "none", ...Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`])];
}

function multiplexing(controlPath: string | undefined): Record<string, string> {
  if (controlPath === undefined) return { ControlMaster: "no", ControlPath: "none" };
  return { ControlMaster: "auto", ControlPath: controlPath, ControlPersist: "60" };
}

/** The known_hosts text that pins a host's keys under its id. */
export function knownHostsText(address: HostAddress): string {
  return address.hostKeys.map((key) => `${address.id} ${key.split(" ").slice(0, 2).join(" ")}\n`).join("");
}
