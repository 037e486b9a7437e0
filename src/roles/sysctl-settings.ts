// Kernel settings, from the hardening baselines of dev-sec and konstruktoid (docs/hardening.md tells which sets what).
// Each is a control `sysctl/KEY` that an estate may waive.

export type SysctlSetting = {
  readonly key: string;
  readonly value: string;
  /** Why it stands apart from the rest: it is the machine's kernel's, not a network namespace's. */
  readonly ownKernel?: true;
};

const interfaces = ["all", "default"];

const perInterface4 = {
  accept_redirects: "0",
  accept_source_route: "0",
  log_martians: "1",
  rp_filter: "1",
  secure_redirects: "0",
  send_redirects: "0",
  shared_media: "0",
  arp_announce: "2",
  arp_ignore: "1",
  drop_gratuitous_arp: "1",
};

const perInterface6 = {
  accept_ra: "0",
  accept_redirects: "0",
  accept_source_route: "0",
  autoconf: "0",
  max_addresses: "4",
  router_solicitations: "0",
};

const network = {
  "net.ipv4.icmp_echo_ignore_broadcasts": "1",
  "net.ipv4.icmp_ignore_bogus_error_responses": "1",
  "net.ipv4.icmp_msgs_per_sec": "100",
  "net.ipv4.icmp_ratelimit": "100",
  "net.ipv4.ip_forward": "0",
  "net.ipv4.tcp_max_syn_backlog": "4096",
  "net.ipv4.tcp_rfc1337": "1",
  "net.ipv4.tcp_syn_retries": "5",
  "net.ipv4.tcp_synack_retries": "3",
  "net.ipv4.tcp_syncookies": "1",
  "net.ipv4.tcp_timestamps": "1",
  "net.ipv4.tcp_fin_timeout": "30",
  "net.ipv6.conf.all.forwarding": "0",
  "net.ipv6.conf.default.forwarding": "0",
};

const kernel = {
  "fs.protected_fifos": "2",
  "fs.protected_hardlinks": "1",
  "fs.protected_regular": "2",
  "fs.protected_symlinks": "1",
  "fs.suid_dumpable": "0",
  "kernel.core_pattern": "|/bin/false",
  "kernel.dmesg_restrict": "1",
  "kernel.kptr_restrict": "2",
  "kernel.panic_on_oops": "1",
  "kernel.perf_event_paranoid": "2",
  "kernel.randomize_va_space": "2",
  "kernel.sysrq": "0",
  "kernel.unprivileged_bpf_disabled": "1",
  "kernel.yama.ptrace_scope": "2",
  "net.core.bpf_jit_harden": "2",
  "user.max_user_namespaces": "0",
  "vm.mmap_min_addr": "65536",
};

export const sysctlSettings: readonly SysctlSetting[] = [
  ...interfaces.flatMap((name) => prefixed(`net.ipv4.conf.${name}`, perInterface4)),
  ...interfaces.flatMap((name) => prefixed(`net.ipv6.conf.${name}`, perInterface6)),
  ...settings(network),
  ...settings(kernel).map((each) => ({ ...each, ownKernel: true as const })),
];

function prefixed(prefix: string, values: Readonly<Record<string, string>>): SysctlSetting[] {
  return settings(values).map(({ key, value }) => ({ key: `${prefix}.${key}`, value }));
}

function settings(values: Readonly<Record<string, string>>): SysctlSetting[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}
