// sshd: keys only, named groups only, modern algorithms. Our file is the first that sshd reads, and the first value wins;
// what is in force is then asked of sshd itself, since a line before the Include would win over ours.
import { digest } from "../lib/digest.ts";
import { resource, type Ref } from "../resources/index.ts";
import { keysOf, LOGIN_GROUP } from "./accounts.ts";
import { waiver, type Role, type RoleInput } from "./role.ts";

const ROLE = "ssh-hardening";
const PATH = "/etc/ssh/sshd_config.d/00-demesne.conf";

type Setting = {
  readonly key: string;
  readonly value: string;
  /** What stands instead where the control `ssh-hardening/KEY` is waived; nothing then leaves sshd's own default. */
  readonly waived?: string;
};

const settings: readonly Setting[] = [
  { key: "PermitRootLogin", value: "no" },
  { key: "PasswordAuthentication", value: "no" },
  { key: "KbdInteractiveAuthentication", value: "no" },
  { key: "PermitEmptyPasswords", value: "no" },
  { key: "PubkeyAuthentication", value: "yes" },
  { key: "AuthenticationMethods", value: "publickey" },
  { key: "HostbasedAuthentication", value: "no" },
  { key: "GSSAPIAuthentication", value: "no" },
  { key: "KerberosAuthentication", value: "no" },
  { key: "IgnoreRhosts", value: "yes" },
  { key: "IgnoreUserKnownHosts", value: "yes" },
  { key: "StrictModes", value: "yes" },
  { key: "AllowGroups", value: LOGIN_GROUP },
  { key: "MaxAuthTries", value: "3", waived: "6" },
  { key: "MaxSessions", value: "10" },
  { key: "MaxStartups", value: "10:30:60" },
  { key: "LoginGraceTime", value: "30" },
  { key: "ClientAliveInterval", value: "300", waived: "300" },
  { key: "ClientAliveCountMax", value: "3" },
  { key: "TCPKeepAlive", value: "no" },
  { key: "AllowTcpForwarding", value: "no", waived: "local" },
  { key: "PermitOpen", value: "127.0.0.1:* [::1]:* localhost:*" },
  { key: "AllowAgentForwarding", value: "no" },
  { key: "AllowStreamLocalForwarding", value: "no" },
  { key: "X11Forwarding", value: "no" },
  { key: "PermitTunnel", value: "no" },
  { key: "GatewayPorts", value: "no" },
  { key: "PermitUserEnvironment", value: "no" },
  { key: "UseDNS", value: "no" },
  { key: "Compression", value: "no" },
  { key: "LogLevel", value: "VERBOSE" },
  { key: "PrintMotd", value: "no" },
  { key: "RekeyLimit", value: "512M 1h" },
  { key: "RequiredRSASize", value: "3072" },
  {
    key: "Ciphers",
    value:
      "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr",
  },
  { key: "MACs", value: "hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,umac-128-etm@openssh.com" },
];

const hybrid = "sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org";
/** OpenSSH 10 (Debian 13) has the ML-KEM hybrid too. */
const exchanges = { "debian-12": hybrid, "ubuntu-24.04": hybrid, "debian-13": `mlkem768x25519-sha256,${hybrid}` };

export const sshHardening: Role = (input) => {
  const lines = effective(input);
  const content = [
    "# Written by Demesne. The first value wins, and this file is read first.",
    `Port ${input.host.port}`,
    ...lines.map(({ key, value }) => `${key} ${value}`),
    "",
  ].join("\n");
  // Whoever may log in has a key there before passwords end.
  const login = input.estate.accounts.flatMap(({ name }): Ref[] => [`user:${name}`, keysOf(name)]);
  return [
    resource("package", ROLE, { name: "openssh-server" }),
    resource(
      "file",
      ROLE,
      { path: PATH, mode: "0600", content, validate: ["/usr/sbin/sshd", "-t", "-f", "%s"] },
      { needs: ["package:openssh-server", `group:${LOGIN_GROUP}`, ...login], risk: "connectivity" },
    ),
    // Where a socket holds the port (Ubuntu), sshd's own Port line would mean nothing.
    resource(
      "unit",
      ROLE,
      { name: "ssh.socket", enabled: false, active: false },
      { needs: ["package:openssh-server"], risk: "connectivity" },
    ),
    resource(
      "unit",
      ROLE,
      {
        name: "ssh.service",
        enabled: true,
        active: true,
        config: digest(content),
        preflight: ["/usr/sbin/sshd", "-t"],
      },
      { needs: [`file:${PATH}`, "unit:ssh.socket"], risk: "connectivity" },
    ),
    resource(
      "check",
      ROLE,
      {
        name: "sshd's effective configuration",
        argv: ["sshd", "-T"],
        lines: lines.map(({ key, value }) => told(key, value)),
        fix: "a line of /etc/ssh/sshd_config before its Include wins over Demesne's file: take it out there",
      },
      { needs: [`file:${PATH}`, "unit:ssh.service"] },
    ),
  ];
};

function effective({ estate, host }: RoleInput): { readonly key: string; readonly value: string }[] {
  return [...settings, { key: "KexAlgorithms", value: exchanges[host.os] }].flatMap((each: Setting) => {
    if (waiver(estate, `${ROLE}/${each.key}`) === undefined) return [each];
    return each.waived === undefined ? [] : [{ key: each.key, value: each.waived }];
  });
}

/** sshd -T prints sizes and times in its own units. */
function told(key: string, value: string): string {
  if (key === "RekeyLimit") return "rekeylimit 536870912 3600";
  return `${key.toLowerCase()} ${value}`;
}

/** Names of the settings, each a control that an estate may waive. */
export const sshControls: readonly string[] = [...settings.map((each) => each.key), "KexAlgorithms"];
