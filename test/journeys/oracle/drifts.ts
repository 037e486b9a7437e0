// What people and programs do to a host behind Demesne's back. Each is one shell line in the twin, and the refs that a
// plan must name for it: neither more nor fewer.

export type Drift = {
  readonly what: string;
  readonly line: string;
  readonly refs: readonly string[];
};

const file = (path: string): string => `file:${path}`;
const JOURNALD = "/etc/systemd/system/systemd-journald.service.d/50-demesne.conf";
const SSHD = "/etc/systemd/system/ssh.service.d/50-demesne.conf";
const SECRET = "/etc/demesne/services/gateway/secrets/upstream_key";
/** Of the password "drift"; nobody is ever asked for it. */
const HASH = "$6$drift$1yBBgjcOkoVdHvcvkWnTWJPQnPv0uW4Ktml1XfkNnPY0Ua3hvzYnCv0sH8ZCKxPMhlG0vb1Bz3Ks3zKPJpUoW/";

/** None of these touches what another one does, so they are made together and compared over everything there is. */
const independent: readonly Drift[] = [
  {
    what: "a file has another text",
    line: "echo '// drift' >> /etc/apt/apt.conf.d/52demesne-upgrades",
    refs: [file("/etc/apt/apt.conf.d/52demesne-upgrades")],
  },
  {
    what: "a file has another mode",
    line: "chmod 0666 /etc/security/limits.d/60-demesne.conf",
    refs: [file("/etc/security/limits.d/60-demesne.conf")],
  },
  { what: "a file has another owner", line: "chown nobody:nogroup /etc/cron.allow", refs: [file("/etc/cron.allow")] },
  { what: "a file is gone", line: "rm /etc/profile.d/60-demesne.sh", refs: [file("/etc/profile.d/60-demesne.sh")] },
  {
    what: "a line was added to authorized_keys",
    line: "sed 's/^ssh-ed25519 .../ssh-ed25519 BBB/; 1d' /home/reader/.ssh/authorized_keys >> /home/reader/.ssh/authorized_keys",
    refs: [file("/home/reader/.ssh/authorized_keys")],
  },
  { what: "a file has another group", line: "chgrp adm /etc/at.allow", refs: [file("/etc/at.allow")] },
  {
    what: "a file is empty",
    line: ": > /etc/systemd/system/demesne-deadman.service",
    refs: [file("/etc/systemd/system/demesne-deadman.service")],
  },
  { what: "a directory has another group", line: "chgrp adm /etc/cron.weekly", refs: ["directory:/etc/cron.weekly"] },
  {
    what: "a unit that waits for a boot was disabled",
    line: "systemctl disable demesne-deadman-boot.service",
    refs: ["unit:demesne-deadman-boot.service"],
  },
  { what: "a directory has another mode", line: "chmod 0755 /root", refs: ["directory:/root"] },
  { what: "a directory has another owner", line: "chown nobody /etc/cron.daily", refs: ["directory:/etc/cron.daily"] },
  {
    what: "a service was stopped",
    line: "systemctl stop unattended-upgrades.service",
    refs: ["unit:unattended-upgrades.service"],
  },
  { what: "a timer was disabled", line: "systemctl disable apt-daily.timer", refs: ["unit:apt-daily.timer"] },
  {
    what: "a timer was stopped",
    line: "systemctl stop apt-daily-upgrade.timer",
    refs: ["unit:apt-daily-upgrade.timer"],
  },
  { what: "a unit was unmasked", line: "systemctl unmask rpcbind.service", refs: ["unit:rpcbind.service"] },
  {
    what: "a drop-in was removed",
    line: `rm ${JOURNALD} && systemctl daemon-reload`,
    refs: ["unit:systemd-journald.service"],
  },
  {
    what: "sshd was restarted with an older configuration",
    line: [
      `cp ${SSHD} /run/newer`,
      `sed -i 's/:sha256:.*/:sha256:older/' ${SSHD}`,
      "systemctl daemon-reload",
      "systemctl restart ssh.service",
      `cat /run/newer > ${SSHD}`,
      "systemctl daemon-reload",
    ].join(" && "),
    refs: ["unit:ssh.service"],
  },
  { what: "a package was removed", line: "dpkg --remove libpam-tmpdir", refs: ["package:libpam-tmpdir"] },
  {
    what: "an unwanted package was installed",
    line: "DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends telnet",
    refs: ["package:telnet"],
  },
  {
    what: "a kernel setting has another value",
    line: "sysctl -w net.ipv4.conf.all.log_martians=0",
    refs: ["sysctl:net.ipv4.conf.all.log_martians"],
  },
  { what: "a user left a group", line: "gpasswd --delete reader demesne-login", refs: ["user:reader"] },
  {
    what: "a network of containers was removed",
    line: "docker network rm demesne-guest",
    refs: ["network:demesne-guest"],
  },
  { what: "a container was stopped", line: "docker stop --time 1 gateway-gateway-1", refs: ["stack:gateway"] },
  {
    what: "a rule was added to the firewall",
    line: "nft add rule inet demesne input tcp dport 9999 accept",
    refs: ["nft-table:inet demesne"],
  },
];

/** These touch what one of those above does, so they come after it was healed. */
const further: readonly Drift[] = [
  { what: "a password was set", line: `usermod --password '${HASH}' reader`, refs: ["user:reader"] },
  { what: "a directory is gone", line: "rm -r /etc/cron.monthly", refs: ["directory:/etc/cron.monthly"] },
  { what: "a shell was changed", line: "usermod --shell /bin/sh ops", refs: ["user:ops"] },
  { what: "a timer was masked", line: "systemctl mask --now apt-daily.timer", refs: ["unit:apt-daily.timer"] },
  { what: "the firewall's table is gone", line: "nft delete table inet demesne", refs: ["nft-table:inet demesne"] },
  {
    what: "Docker's configuration was edited",
    line: "sed -i 's/10m/99m/' /etc/docker/daemon.json",
    refs: [file("/etc/docker/daemon.json"), "unit:docker.service"],
  },
  {
    what: "a secret was overwritten in place",
    line: `echo stale > ${SECRET}`,
    refs: [file(SECRET), "stack:gateway"],
  },
];

const last: readonly Drift[] = [
  {
    what: "the firewall lets everything in",
    line: "nft chain inet demesne input '{ policy accept; }'",
    refs: ["nft-table:inet demesne"],
  },
  {
    what: "a network of containers reaches outside",
    line: "docker network rm demesne-guest && docker network create demesne-guest",
    refs: ["network:demesne-guest"],
  },
  {
    what: "an image was removed with its container",
    line: "docker rm --force gateway-gateway-1 && docker image prune --all --force",
    refs: ["image:*", "stack:gateway"],
  },
];

/** States of one host, each with many drifts, and the kinds that the oracle looks at in it; without a list, at all. */
export const states: readonly {
  readonly name: string;
  readonly drifts: readonly Drift[];
  readonly kinds?: readonly string[];
}[] = [
  { name: "drifted in many places", drifts: independent },
  {
    name: "drifted in places that hang together",
    drifts: further,
    kinds: ["user", "directory", "file", "unit", "nft-table", "stack"],
  },
  { name: "without its image", drifts: last, kinds: ["image", "network", "nft-table", "stack"] },
];
