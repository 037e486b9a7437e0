// What leaves the machine, and what comes in to be run.
import { argsOf, hasAny, hasLong, programOf, readOptions } from "./call.ts";
import { isKnown, show, UNKNOWN } from "./field.ts";
import { judgeRead, judgeWrite } from "./files.ts";
import { inner, report, type Scope } from "./scope.ts";
import { LOOPBACK } from "./web-rules.ts";
import type { Rule, Rules, Tools } from "./rule.ts";

const rawSocket: Rule = (call, scope, tools) => {
  const options = readOptions(argsOf(call), ["e", "c", "p", "s", "w", "q", "exec", "sh-exec", "i", "X", "x"]);
  const program = programOf(call);
  const isLocal = options.operands.some((word) => LOOPBACK.test(word));
  for (const name of ["e", "c", "exec", "sh-exec"]) {
    if (options.values.has(name) && program !== "openssl")
      report(scope, "deny", "remote-shell", `${program} hands a program to the network`);
  }
  for (const word of options.operands) {
    const [, text] = /^(?:EXEC|SYSTEM|SHELL):(.*)$/i.exec(word) ?? [];
    if (text !== undefined) {
      report(scope, "deny", "remote-shell", `${program} hands a program to the network`);
      tools.script(text.split(",")[0] ?? "", scope);
    }
    if (/^(FILE|OPEN|GOPEN|READ):/i.test(word))
      judgeRead(word.slice(word.indexOf(":") + 1).split(",")[0] ?? "", scope, program);
  }
  if (options.flags.has("z") || options.flags.has("zv") || isLocal) return undefined;
  const sends = call.stdin !== undefined;
  report(
    scope,
    sends ? "deny" : "ask",
    "upload",
    sends ? `${program} sends data over a raw connection` : `${program} opens a raw connection`,
  );
  return undefined;
};

const dns: Rule = (call, scope) => {
  const names = argsOf(call).filter((arg) => !/^[-+]/.test(arg));
  if (names.some((name) => !isKnown(name))) report(scope, "deny", "dns", "puts data into a name that it looks up");
  else if (names.some((name) => name.split(".").some((label) => label.length > 40)))
    report(scope, "deny", "dns", "looks up a name that is long enough to carry data");
  return undefined;
};

const SSH_VALUES = "b c D E e F I i J L l m O o p Q R S W w".split(" ");

const ssh: Rule = (call, scope, tools) => {
  const args = argsOf(call);
  let at = 0;
  for (; at < args.length && (args[at] ?? "").startsWith("-"); at += 1) {
    const letters = (args[at] ?? "").slice(1);
    const valued = letters.split("").findIndex((letter) => SSH_VALUES.includes(letter));
    if (valued < 0) continue;
    const value = valued === letters.length - 1 ? (args[(at += 1)] ?? "") : letters.slice(valued + 1);
    if (letters[valued] === "o") judgeSshOption(value, scope, tools);
  }
  const command = args.slice(at + 1).join(" ");
  report(scope, "ask", "remote", `reaches another machine: ${show(args[at] ?? "")}`);
  const argv = args.slice(at + 1);
  // The far shell gets the words unquoted; what they would do as they stand here counts too.
  if (argv.length > 1) tools.call({ argv, stdin: call.stdin }, remote(scope));
  if (command !== "") return tools.script(command, remote(scope), call.stdin);
  if (call.stdin !== undefined) tools.script(call.stdin, remote(scope));
  return undefined;
};

/** Another machine, or a container: its files are not ours, but their names still speak. */
export function remote(scope: Scope): Scope {
  return inner(scope, { isRemote: true, cwd: undefined, written: new Map() });
}

function judgeSshOption(option: string, scope: Scope, tools: Tools): void {
  const [, name = "", value = ""] = /^\s*(\w+)\s*[=\s]\s*(.*)$/.exec(option) ?? [];
  if (
    !/^(proxycommand|localcommand|knownhostscommand|match|include|pkcs11provider|securitykeyprovider|permitlocalcommand)$/i.test(
      name,
    )
  )
    return;
  if (/^(none|no)$/i.test(value)) return;
  tools.script(value, scope);
  report(scope, "deny", "interpreter", `ssh's ${name} runs a program here`);
}

const isFar = (path: string): boolean => /^(?!\/|\.)[^/]*:|^rsync:\/\//.test(path);

const transfer: Rule = (call, scope, tools) => {
  const options = readOptions(argsOf(call), [
    "e",
    "rsh",
    "i",
    "o",
    "P",
    "F",
    "S",
    "J",
    "c",
    "l",
    "B",
    "exclude",
    "include",
    "filter",
    "f",
    "files-from",
    "rsync-path",
    "log-file",
    "backup-dir",
    "temp-dir",
    "b",
  ]);
  const program = programOf(call);
  for (const name of ["e", "rsh"])
    for (const text of options.values.get(name) ?? []) if (program === "rsync") tools.script(text, scope);
  if (program !== "rsync" && options.values.has("S"))
    report(scope, "deny", "interpreter", `${program} runs a program of its caller's choice`);
  if (options.values.has("rsync-path")) report(scope, "deny", "interpreter", "rsync runs a command on the other side");
  if (program !== "rsync") for (const option of options.values.get("o") ?? []) judgeSshOption(option, scope, tools);
  const target = options.operands.at(-1) ?? "";
  const sources = options.operands.slice(0, -1);
  for (const source of sources) if (!isFar(source)) judgeRead(source, scope, program);
  if (options.operands.some(isFar)) report(scope, "ask", "upload", `${program} moves files between machines`);
  if (!isFar(target) && target !== "")
    judgeLocalTarget(
      program,
      target,
      options.flags.has("delete") ||
        hasLong(options, "delete") ||
        hasLong(options, "del") ||
        hasLong(options, "delete-after"),
      scope,
    );
  if (hasLong(options, "remove-source-files")) report(scope, "ask", "removal", "rsync removes what it copied");
  return undefined;
};

function judgeLocalTarget(program: string, target: string, removes: boolean, scope: Scope): void {
  judgeWrite(target, scope, UNKNOWN);
  if (removes) report(scope, "ask", "removal", `${program} removes what the source does not have: ${show(target)}`);
}

const asks =
  (rule: string, what: string): Rule =>
  (call, scope) => {
    if (!hasAny(readOptions(argsOf(call)), "version", "help", "h", "V"))
      report(scope, "ask", rule, `${programOf(call)} ${what}`);
    return undefined;
  };

export const networkRules: Rules = {
  ...Object.fromEntries(["nc", "ncat", "netcat", "socat", "telnet"].map((name) => [name, rawSocket])),
  ...Object.fromEntries(
    ["dig", "nslookup", "host", "drill", "kdig", "resolvectl", "ping", "ping6", "whois", "getent", "traceroute"].map(
      (name) => [name, dns],
    ),
  ),
  ssh,
  mosh: ssh,
  autossh: ssh,
  sshpass: asks("secret-use", "types a password"),
  ...Object.fromEntries(["scp", "rsync", "sftp", "rclone"].map((name) => [name, transfer])),
  ...Object.fromEntries(
    [
      "ftp",
      "lftp",
      "tftp",
      "smbclient",
      "ngrok",
      "cloudflared",
      "bore",
      "localtunnel",
      "lt",
      "tailscale",
      "wormhole",
      "croc",
      "mail",
      "mailx",
      "sendmail",
      "mutt",
      "msmtp",
      "swaks",
      "s3cmd",
      "gsutil",
      "mc",
      "ssh-copy-id",
    ].map((name) => [name, asks("upload", "moves data off this machine or opens it to others")]),
  ),
};
