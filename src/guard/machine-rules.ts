// The machine itself: disks, power, services, users, packages, firewall, and the processes that watch over this session.
import { argsOf, hasAny, programOf, readOptions } from "./call.ts";
import { show } from "./field.ts";
import { report } from "./scope.ts";
import type { Rule, Rules } from "./rule.ts";

const denies =
  (rule: string, what: string): Rule =>
  (call, scope) => {
    const options = readOptions(argsOf(call));
    if (!hasAny(options, "help", "version", "V")) report(scope, "deny", rule, `${programOf(call)} ${what}`);
    return undefined;
  };

/** Verbs that only look stay silent; those that destroy are denied; all others are asked about. */
const verbs =
  (rule: string, looks: RegExp, destroys: RegExp | undefined, what: string): Rule =>
  (call, scope) => {
    const line = argsOf(call)
      .filter((arg) => !/^--?(no-pager|quiet|q|y|yes|user|system)$/.test(arg))
      .join(" ");
    if (destroys?.test(line) === true) report(scope, "deny", rule, `${programOf(call)} ${what}: ${show(line)}`);
    else if (!looks.test(line)) report(scope, "ask", rule, `${programOf(call)} ${what}: ${show(line)}`);
    return undefined;
  };

const WATCHERS = /claude|guard|demesne|hook|anthropic/i;

const kill: Rule = (call, scope) => {
  const targets = argsOf(call).filter(
    (arg, index) => !/^-([A-Z]+\w*|\d+|s|n|l|L|f|9)$/.test(arg) || (index > 0 && arg === "-1"),
  );
  const parent = scope.vars.get("PPID")?.[0];
  const hits = targets.some(
    (target) => target === "-1" || target === "1" || target === "0" || (parent !== undefined && target === parent),
  );
  const isNamed = programOf(call) !== "kill" && targets.some((target) => WATCHERS.test(target));
  if (hits) report(scope, "deny", "guardrail", "ends the processes that guard this session, or all of them");
  else if (isNamed) report(scope, "deny", "guardrail", `${programOf(call)} ends the client or the guard`);
  else if (
    /^(pkill|killall)$/.test(programOf(call)) &&
    targets.some((target) => /^(-u|-U|\.|\.\*|node|bash|sh)$/.test(target))
  )
    report(scope, "ask", "machine", `${programOf(call)} ends many processes`);
  return undefined;
};

const pgrep: Rule = (call, scope) => {
  if (argsOf(call).some((arg) => WATCHERS.test(arg)))
    report(scope, "ask", "guardrail", "looks for the client's own processes");
  return undefined;
};

const CLIENT_OFF =
  /^--?(settings|bare|safe-mode|dangerously-skip-permissions|allow-dangerously-skip-permissions|permission-mode|setting-sources|add-dir|allowedTools|allowed-tools|mcp-config|plugin-dir|disable-slash-commands)\b/;

const client: Rule = (call, scope) => {
  const args = argsOf(call);
  if (
    args.some((arg) => CLIENT_OFF.test(arg)) ||
    /^(config|mcp|plugin|update|install|setup-token|migrate-installer)$/.test(args[0] ?? "")
  )
    report(scope, "deny", "guardrail", "starts or changes the client with other guardrails");
  else if (!/^(--version|-v|--help|-h|doctor)$/.test(args[0] ?? ""))
    report(scope, "ask", "guardrail", "starts another agent");
  return undefined;
};

const crontab: Rule = (call, scope) => {
  const options = readOptions(argsOf(call), ["u"]);
  if (hasAny(options, "l")) return undefined;
  report(scope, hasAny(options, "r") ? "deny" : "ask", "later", "changes what runs by itself");
  return undefined;
};

const mount: Rule = (call, scope) => {
  const { operands } = readOptions(argsOf(call), ["t", "o", "types", "options"]);
  if (operands.length > 0) report(scope, "deny", "machine", `${programOf(call)} changes what paths mean`);
  return undefined;
};

const DISKS = (
  "fdisk sfdisk cfdisk gdisk sgdisk parted wipefs blkdiscard mkswap cryptsetup lvremove vgremove " +
  "pvremove mdadm hdparm badblocks dmsetup partprobe mke2fs mkfs mkfs.ext4 mkfs.ext3 mkfs.xfs " +
  "mkfs.btrfs mkfs.vfat mkfs.fat newfs tune2fs resize2fs debugfs nvme format"
).split(" ");
const POWER = ["shutdown", "reboot", "halt", "poweroff", "init", "telinit", "kexec"];
const USERS = (
  "useradd userdel usermod groupadd groupdel groupmod adduser deluser passwd chpasswd chage visudo vipw " +
  "gpasswd newusers"
).split(" ");
const KERNEL = (
  "insmod rmmod modprobe update-grub grub-install efibootmgr bootctl setenforce aa-disable aa-teardown " +
  "aa-complain apparmor_parser auditctl update-alternatives ldconfig pivot_root switch_root swapoff"
).split(" ");

export const machineRules: Rules = {
  ...Object.fromEntries(DISKS.map((name) => [name, denies("disk", "changes disks")])),
  ...Object.fromEntries(POWER.map((name) => [name, denies("power", "stops the machine")])),
  ...Object.fromEntries(USERS.map((name) => [name, denies("users", "changes users or their rights")])),
  ...Object.fromEntries(
    KERNEL.map((name) => [name, denies("machine", "changes the kernel, the boot or its protections")]),
  ),
  ...Object.fromEntries(["kill", "pkill", "killall", "skill", "xkill"].map((name) => [name, kill])),
  pgrep,
  pidof: pgrep,
  claude: client,
  "claude-code": client,
  crontab,
  mount,
  umount: mount,
  systemctl: verbs(
    "services",
    /^(status|is-\w+|list-\w+|show\b|cat|--version|get-default|help|$)/,
    /^(poweroff|reboot|halt|kexec|rescue|emergency|suspend|hibernate|(stop|disable|mask|kill)( --now)? (ssh|sshd|auditd|docker|nftables|ufw|apparmor|demesne\S*)(\.\w+)?|mask)/,
    "changes services",
  ),
  service: verbs("services", /status$|^--status-all/, / (ssh|sshd|auditd) stop/, "changes services"),
  launchctl: verbs("services", /^(list|print)/, undefined, "changes services"),
  journalctl: verbs("audit", /^(?!.*--(vacuum|rotate|flush|setup))/, /--vacuum|--rotate/, "removes logs"),
  logrotate: denies("audit", "moves logs away"),
  ...Object.fromEntries(
    ["apt", "apt-get", "aptitude", "dnf", "yum", "zypper", "apk", "pacman", "brew", "snap", "flatpak"].map((name) => [
      name,
      verbs(
        "packages",
        /^(search|show|list|info|policy|cache|depends|rdepends|--version|help|-h|update|check-update|query|-Q\w*|-Ss?|download|source)\b|^$/,
        /^(purge|autoremove --purge|remove .*(sudo|systemd|openssh|linux-image|libc6|apt))\b/,
        "changes the machine's packages",
      ),
    ]),
  ),
  dpkg: verbs(
    "packages",
    /^(-l|-L|-s|-S|-p|-c|-I|--list|--status|--get-selections|--print-architecture|--version|--compare-versions|--audit)/,
    /^(--purge|-P)/,
    "changes the machine's packages",
  ),
  rpm: verbs("packages", /^(-q\w*|--query|--version|-V)/, undefined, "changes the machine's packages"),
  ufw: verbs(
    "firewall",
    /^(status|version|app list|show)/,
    /^(disable|reset|delete|default allow)/,
    "changes the firewall",
  ),
  nft: verbs(
    "firewall",
    /^(-\w )*(list|--version|-v|describe)|^(-c|--check)|^-[an]+ list|^-j list/,
    /\b(flush|delete|destroy)\b/,
    "changes the firewall",
  ),
  ...Object.fromEntries(
    ["iptables", "ip6tables", "ebtables", "iptables-legacy"].map((name) => [
      name,
      verbs(
        "firewall",
        /(^| )(-L|-S|--list|--list-rules|-C|--version)( |$)|-nL|-vnL|-nvL/,
        /(^| )(-F|-X|--flush|--delete-chain|-P \w+ ACCEPT|-Z)/,
        "changes the firewall",
      ),
    ]),
  ),
  "iptables-restore": denies("firewall", "replaces the firewall"),
  "firewall-cmd": verbs(
    "firewall",
    /--(list|get|state|query|info)/,
    /--(panic|complete-reload)/,
    "changes the firewall",
  ),
  ip: verbs(
    "machine",
    /(^| )(-\w+ )*(a|addr|address|l|link|r|route|n|neigh|rule|netns|-s|-br|-4|-6)( (show|list|ls|get|-br|-s|a|addr|link|route|r)\b.*)?$/,
    /\bflush\b/,
    "changes the network",
  ),
  sysctl: verbs("machine", /^(-a|-n|-N|-ar|--all)?( ?[\w.]+)?$/, undefined, "changes the kernel"),
  hostnamectl: verbs("machine", /^(status|)$/, undefined, "changes the machine"),
  timedatectl: verbs("machine", /^(status|show|list-timezones|)$/, undefined, "changes the clock"),
  localectl: verbs("machine", /^(status|list-\w+|)$/, undefined, "changes the machine"),
  loginctl: verbs("machine", /^(list-\w+|show-\w+|\w*-status|)/, /^(terminate|kill)/, "changes sessions"),
  history: verbs("audit", /^(\d+)?$/, /^-[cdwar]/, "changes the record of commands"),
};
