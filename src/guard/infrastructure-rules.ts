// Clusters, clouds, stores and backups: where one command reaches far.
import { argsOf, hasAny, hasLong, programOf, readOptions } from "./call.ts";
import { UNKNOWN } from "./field.ts";
import { remote } from "./network-rules.ts";
import { report } from "./scope.ts";
import type { Rule, Rules } from "./rule.ts";

const KUBECTL_VALUES = (
  "n namespace context cluster kubeconfig f filename l selector o output c container p patch type s " +
  "server as token user image replicas timeout grace-period field-selector"
).split(" ");

const kubectl: Rule = (call, scope, tools) => {
  const args = argsOf(call);
  const end = args.indexOf("--");
  const options = readOptions(end < 0 ? args : args.slice(0, end), KUBECTL_VALUES);
  const [verb = ""] = options.operands;
  if (/^(exec|run|debug)$/.test(verb)) {
    report(scope, "ask", "cluster", `kubectl ${verb}`);
    const argv = end < 0 ? options.operands.slice(2) : args.slice(end + 1);
    return argv.length === 0 ? undefined : tools.call({ argv, stdin: call.stdin }, remote(scope));
  }
  const isWide =
    hasLong(options, "all") ||
    hasLong(options, "all-namespaces") ||
    hasAny(options, "A") ||
    /^(ns|namespaces?|pv|pvc|persistentvolume\w*|crds?|customresource\w*|nodes?)(\/|$)/.test(options.operands[1] ?? "");
  if (verb === "delete") report(scope, isWide ? "deny" : "ask", "cluster", "kubectl delete");
  else if (
    /^(apply|create|replace|patch|edit|scale|rollout|set|label|annotate|drain|cordon|uncordon|taint|cp|port-forward|proxy|attach|auth|certificate|expose|autoscale)$/.test(
      verb,
    ) &&
    !hasLong(options, "dry-run")
  ) {
    if (
      !(verb === "rollout" && /^(status|history)$/.test(options.operands[1] ?? "")) &&
      !(verb === "auth" && options.operands[1] === "can-i")
    )
      report(scope, "ask", "cluster", `kubectl ${verb}`);
  }
  return undefined;
};

type Verbs = { readonly denies?: RegExp; readonly asks: RegExp; readonly what: string };

const INFRASTRUCTURE: Record<string, Verbs> = {
  terraform: {
    denies: /^(destroy|state rm|state push|force-unlock|workspace delete|taint)|^apply.*-destroy/,
    asks: /^(apply|import|init|state|untaint|workspace|refresh|login)/,
    what: "infrastructure",
  },
  tofu: {
    denies: /^(destroy|state rm|state push|force-unlock|workspace delete|taint)|^apply.*-destroy/,
    asks: /^(apply|import|init|state|untaint|workspace|refresh|login)/,
    what: "infrastructure",
  },
  terragrunt: { denies: /destroy/, asks: /^(apply|run-all|run|import|state)/, what: "infrastructure" },
  pulumi: {
    denies: /^(destroy|stack rm|state delete|cancel)/,
    asks: /^(up|update|import|refresh|config set|stack|state)/,
    what: "infrastructure",
  },
  cdk: { denies: /^destroy/, asks: /^(deploy|bootstrap|import|rollback)/, what: "infrastructure" },
  helm: {
    denies: /^(uninstall|delete|del|un)\b/,
    asks: /^(install|upgrade|rollback|push|registry)/,
    what: "the cluster",
  },
  aws: {
    denies:
      /\b(delete|terminate|remove|purge|destroy|deregister|disable|schedule-key-deletion)[-\w]*|^s3 (rm|rb|mv|sync.*--delete)/,
    asks: /\b(create|put|update|modify|run|start|stop|reboot|attach|detach|set|tag|cp|sync|mb|publish|send|invoke|copy|restore|associate|authorize|revoke|import|register|enable)[-\w]*/,
    what: "the cloud",
  },
  gcloud: {
    denies: /\b(delete|remove|purge|destroy|disable)\b/,
    asks: /\b(create|update|deploy|set|add|start|stop|reset|ssh|scp|import|export|enable|run|submit|patch|resize|rollback)\b/,
    what: "the cloud",
  },
  az: {
    denies: /\b(delete|purge|remove|deallocate)\b/,
    asks: /\b(create|update|set|start|stop|restart|add|deploy|import|run-command|invoke|assign)\b/,
    what: "the cloud",
  },
  doctl: {
    denies: /\b(delete|destroy|remove)\b/,
    asks: /\b(create|update|resize|reboot|power|ssh|apply)\b/,
    what: "the cloud",
  },
  hcloud: {
    denies: /\b(delete|remove|rebuild|reset)\b/,
    asks: /\b(create|update|poweroff|shutdown|reboot|attach|detach|enable|disable|ssh|set|add|change)\b/,
    what: "the cloud",
  },
  gh: {
    denies:
      /^(repo delete|release delete|secret (delete|remove|set)|variable delete|run delete|cache delete|auth (logout|refresh)|ssh-key|gpg-key|api .*(-X|--method)[ =]?DELETE|issue delete|label delete|extension install)/,
    asks: /^(pr (merge|create|close|edit|comment|review)|issue (create|close|edit|comment)|release (create|upload|edit)|workflow (run|enable|disable)|run (cancel|rerun)|repo (create|edit|fork|rename|archive|sync|deploy-key)|gist|api|secret|variable|codespace|extension)/,
    what: "the forge",
  },
  ansible: { asks: /./, what: "hosts" },
  "ansible-playbook": { asks: /^(?!.*--(syntax-check|list-(hosts|tasks|tags))).+/, what: "hosts" },
  "ansible-pull": { asks: /./, what: "hosts" },
  "ansible-console": { asks: /./, what: "hosts" },
  vault: {
    denies:
      /^(kv (delete|destroy|metadata delete)|delete|lease revoke|token revoke|secrets disable|operator (seal|rekey|rotate))/,
    asks: /^(kv put|write|policy|auth|operator|secrets|token)/,
    what: "the vault",
  },
  etcdctl: {
    denies: /\b(del|rm|member remove)\b/,
    asks: /\b(put|set|snapshot|defrag|auth|role|user)\b/,
    what: "the cluster's state",
  },
  virsh: {
    denies: /\b(destroy|undefine|vol-delete|pool-delete|snapshot-delete)\b/,
    asks: /\b(start|shutdown|reboot|define|create|attach|detach|edit)\b/,
    what: "machines",
  },
  lxc: {
    denies: /^delete|\bdelete\b/,
    asks: /^(exec|stop|restart|launch|config|file|copy|move|publish)/,
    what: "machines",
  },
  restic: {
    denies: /\b(forget|prune|key remove|rewrite|unlock --remove-all)\b/,
    asks: /\b(restore|key|dump|copy|migrate|repair)\b/,
    what: "backups",
  },
  borg: {
    denies: /\b(delete|prune|compact|recreate)\b/,
    asks: /\b(extract|key|break-lock|export-tar)\b/,
    what: "backups",
  },
  zfs: {
    denies: /^(destroy|rollback)/,
    asks: /^(create|set|rename|send|receive|recv|mount|unmount)/,
    what: "file systems",
  },
  zpool: {
    denies: /^(destroy|labelclear|remove|detach|offline)/,
    asks: /^(create|add|import|export|clear|replace)/,
    what: "disks",
  },
  btrfs: {
    denies: /\b(delete|rescue|balance cancel)\b/,
    asks: /\b(subvolume|device|filesystem|balance)\b/,
    what: "file systems",
  },
};

const infrastructure: Rule = (call, scope) => {
  const program = programOf(call);
  const verbs = INFRASTRUCTURE[program];
  const line = argsOf(call)
    .filter((arg, index) => index > 0 || !arg.startsWith("-chdir"))
    .join(" ")
    .replaceAll(UNKNOWN, "");
  const bare = readOptions(argsOf(call), [
    "profile",
    "region",
    "project",
    "R",
    "repo",
    "n",
    "namespace",
    "i",
    "inventory",
  ])
    .operands.join(" ")
    .replaceAll(UNKNOWN, "");
  if (/ ?--(syntax-check|list-(hosts|tasks|tags))\b/.test(line)) return undefined;
  if (verbs === undefined || /(^| )(--help|-h|help|--version|version)( |$)/.test(line)) return undefined;
  if (verbs.denies?.test(line) === true || verbs.denies?.test(bare) === true)
    report(scope, "deny", "data-loss", `${program} destroys ${verbs.what}`);
  else if (verbs.asks.test(line) || verbs.asks.test(bare))
    report(scope, "ask", "infrastructure", `${program} changes ${verbs.what}`);
  return undefined;
};

export const infrastructureRules: Rules = {
  kubectl,
  oc: kubectl,
  ...Object.fromEntries(Object.keys(INFRASTRUCTURE).map((name) => [name, infrastructure])),
};
