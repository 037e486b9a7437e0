// Containers: what runs in them, what of the machine they are given, and the data in their volumes.
import { argsOf, hasAny, hasLong, programOf, readOptions, type Call } from "./call.ts";
import { UNKNOWN } from "./field.ts";
import { judgeRead, judgeWrite } from "./files.ts";
import { remote } from "./network-rules.ts";
import { guardrailAt, isSystem, locate, secretAt } from "./places.ts";
import { report, type Scope } from "./scope.ts";
import type { Rule, Rules, Tools } from "./rule.ts";

const GLOBALS = "H host c context l log-level config f file p project-name project-directory profile env-file".split(
  " ",
);
const RUN_VALUES = (
  "v volume e env env-file name w workdir u user p publish network net mount entrypoint l label pid ipc " +
  "uts userns cgroupns security-opt cap-add cap-drop device h hostname add-host m memory cpus restart " +
  "platform pull tmpfs ulimit volumes-from log-driver log-opt health-cmd index detach-keys runtime gpus " +
  "shm-size dns a attach cgroup-parent group-add stop-signal expose link"
).split(" ");

const docker: Rule = (call, scope, tools) => {
  const args = dropGlobals(argsOf(call));
  const isCompose = programOf(call) === "docker-compose" || args[0] === "compose";
  const words = isCompose ? dropGlobals(args[0] === "compose" ? args.slice(1) : args) : dropGroup(args);
  const [verb = "", ...rest] = words;
  if (/^(run|create|exec)$/.test(verb)) return inContainer(verb, rest, isCompose, call, scope, tools);
  judgeLoss(verb, rest, isCompose, scope);
  if (/^(push|login|logout|save|export|commit)$/.test(verb))
    report(scope, "ask", "upload", `${programOf(call)} ${verb}`);
  if (verb === "cp") copyOut(rest, scope);
  if (verb === "build" || verb === "buildx")
    for (const secret of rest.filter((arg) => /src=/.test(arg)))
      judgeRead(secret.replace(/^.*src=([^,]*).*$/, "$1"), scope, "docker build");
  return undefined;
};

function dropGlobals(args: readonly string[]): readonly string[] {
  let at = 0;
  while (at < args.length && (args[at] ?? "").startsWith("-")) {
    const name = (args[at] ?? "").replace(/^--?/, "");
    at += GLOBALS.includes(name) ? 2 : 1;
  }
  return args.slice(at);
}

/** `docker container rm` is `docker rm`; `volume`, `system` and `image` keep their name in front. */
function dropGroup(args: readonly string[]): readonly string[] {
  const [group = "", verb = "", ...rest] = args;
  if (group === "container") return [verb, ...rest];
  return /^(volume|system|image|network|builder|secret|config|swarm|stack|service|node|context|plugin|pod|machine)$/.test(
    group,
  )
    ? [`${group} ${verb}`, ...rest]
    : args;
}

function judgeLoss(verb: string, rest: readonly string[], isCompose: boolean, scope: Scope): void {
  const options = readOptions(rest, ["t", "timeout", "filter"]);
  const takesVolumes = hasAny(options, "v") || hasLong(options, "volumes");
  const loses = /^(volume (rm|prune)|system prune)$/.test(verb)
    ? verb !== "system prune" || takesVolumes
    : (isCompose ? /^(down|rm)$/ : /^rm$/).test(verb) && takesVolumes;
  if (loses) report(scope, "deny", "data-loss", "removes volumes and the data in them");
  else if (
    /^(system prune|image (prune|rm)|network (rm|prune)|builder prune|container prune|rm|rmi|kill|stop|restart|pause|prune|down|update|swarm \w+|stack \w+|service \w+|node \w+|context \w+|plugin \w+|machine \w+|secret \w+)$/.test(
      verb,
    )
  ) {
    if (!/ (ls|list|inspect|ps|logs|show|use)$/.test(verb))
      report(scope, "ask", "containers", `stops or removes: ${verb}`);
  }
}

function inContainer(
  verb: string,
  rest: readonly string[],
  isCompose: boolean,
  call: Call,
  scope: Scope,
  tools: Tools,
): string | undefined {
  const split = commandStart(rest);
  const options = readOptions(rest.slice(0, split), RUN_VALUES);
  judgeIsolation(options, scope);
  for (const file of options.values.get("env-file") ?? []) {
    if (secretAt(file, scope) !== undefined) report(scope, "ask", "secret-use", "gives a container the keys in a file");
  }
  const entry = options.values.get("entrypoint")?.[0];
  const argv = [...(entry === undefined ? [] : [entry]), ...rest.slice(split + 1)];
  if (verb === "exec" && !isCompose) report(scope, "ask", "containers", "runs a command inside a container");
  return argv.length === 0 ? undefined : tools.call({ argv, stdin: call.stdin }, remote(scope));
}

/** Where the options end: the image, the container or the service. */
function commandStart(rest: readonly string[]): number {
  for (let at = 0; at < rest.length; at += 1) {
    const arg = rest[at] ?? "";
    if (!arg.startsWith("-")) return at;
    const name = arg.replace(/^--?/, "");
    if (RUN_VALUES.includes(name) || (!arg.startsWith("--") && RUN_VALUES.includes(name.slice(-1)))) at += 1;
  }
  return rest.length;
}

function judgeIsolation(options: ReturnType<typeof readOptions>, scope: Scope): void {
  const all = (...names: readonly string[]): string[] => names.flatMap((name) => options.values.get(name) ?? []);
  const opens =
    options.flags.has("privileged") ||
    all("pid", "ipc", "uts", "userns", "network", "net", "cgroupns").some(
      (mode) => mode === "host" && mode !== undefined,
    ) ||
    all("cap-add").some((cap) => /ALL|SYS_|DAC|NET_ADMIN/i.test(cap)) ||
    all("security-opt").some((text) => /unconfined|disable/.test(text)) ||
    all("device").length > 0;
  if (
    options.flags.has("privileged") ||
    all("pid", "userns", "ipc").includes("host") ||
    all("cap-add").some((cap) => /ALL|SYS_(ADMIN|PTRACE|MODULE)/i.test(cap))
  )
    report(scope, "deny", "container-escape", "a container with the machine's own rights");
  else if (opens) report(scope, "ask", "container-escape", "a container with more rights than usual");
  for (const volume of all("v", "volume")) judgeMount(volume.split(":")[0] ?? "", scope);
  for (const mount of all("mount")) {
    const [, source] = /(?:^|,)(?:src|source)=([^,]*)/.exec(mount) ?? [];
    if (/type=bind/.test(mount) && source !== undefined) judgeMount(source, scope);
  }
}

function judgeMount(source: string, scope: Scope): void {
  if (!/^[/.~]|^[\uE000]/.test(source)) return;
  const path = locate(source, scope);
  const { home, root } = scope.world;
  if (
    path === "/" ||
    path === home ||
    home.startsWith(`${path}/`) ||
    /docker\.sock|containerd\.sock|podman\.sock/.test(path)
  )
    report(scope, "deny", "container-escape", "mounts the machine, the home folder or the engine into a container");
  else if (secretAt(source, scope) !== undefined || guardrailAt(source, scope) !== undefined)
    report(scope, "deny", "secret-read", "mounts keys or guardrails into a container");
  else if (isSystem(path) && !/^\/etc\/(localtime|timezone|ssl(\/.*)?|ca-certificates(\/.*)?)$/.test(path))
    report(scope, "deny", "container-escape", "mounts a folder of the machine into a container");
  else if (path === root) return;
}

function copyOut(rest: readonly string[], scope: Scope): void {
  const { operands } = readOptions(rest);
  const [source = "", target = ""] = operands;
  if (/^[^/.]+:/.test(source)) {
    if (secretAt(source.slice(source.indexOf(":") + 1), remote(scope)) !== undefined)
      report(scope, "deny", "secret-read", "copies keys out of a container");
    if (target !== "-") judgeWrite(target, scope, UNKNOWN);
  } else judgeRead(source, scope, "docker cp");
}

export const containerRules: Rules = Object.fromEntries(
  "docker podman nerdctl docker-compose".split(" ").map((name) => [name, docker]),
);
