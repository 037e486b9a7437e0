// Which paths matter: what must not be read, what must not be changed, what must not be removed. Paths come with marks
// where they are only known at run time; what could come out as such a path counts as one.
import { isAbsolute, join, normalize } from "node:path";
import { ANY, couldBe, isKnown, isUnknown, UNKNOWN } from "./field.ts";
import type { Scope } from "./scope.ts";

type Place = { readonly pattern: RegExp; readonly name: string };

const SECRETS: readonly Place[] = [
  {
    pattern: /(^|\/)\.env(\.(?!(example|sample|template|dist|defaults|schema|tmpl|tpl)$)[^/]+)?$/,
    name: "an environment file",
  },
  {
    pattern: /(^|\/)\.ssh(\/(?!known_hosts|config$|allowed_signers|authorized_keys|[^/]*\.pub$)[^/]*)?$/,
    name: "SSH keys",
  },
  { pattern: /(^|\/)id_(rsa|dsa|ecdsa|ed25519)(_sk)?$/, name: "an SSH key" },
  { pattern: /(^|\/)\.config\/(sops|age|gcloud|op|rclone|gh|hub|doctl)(\/.*)?$/, name: "a program's keys" },
  { pattern: /(^|\/)Library\/Application Support\/sops(\/.*)?$/, name: "age keys" },
  { pattern: /(^|\/)(keys\.txt|[^/]*\.(agekey|age-key|key|p12|pfx|jks|keystore|kdbx|ppk))$/, name: "a private key" },
  { pattern: /(^|\/)[^/]*(priv|key)[^/]*\.pem$/, name: "a private key" },
  { pattern: /(^|\/)\.(aws|azure|gnupg|password-store|kube|oci)(\/.*)?$/, name: "credentials" },
  { pattern: /(^|\/)\.docker\/config\.json$/, name: "registry credentials" },
  {
    pattern:
      /(^|\/)(\.netrc|_netrc|\.git-credentials|\.pgpass|\.my\.cnf|\.vault-token|\.pypirc|\.htpasswd|\.s3cfg|\.boto)$/,
    name: "credentials",
  },
  {
    pattern: /(^|\/)(\.?credentials(\.json)?|service-account[^/]*\.json|terraform\.tfstate(\.backup)?|[^/]*\.tfvars)$/,
    name: "credentials",
  },
  {
    pattern: /(^|\/)\.(bash|zsh|sh|psql|mysql|python|node_repl|sqlite|irb|ash|rediscli)_?history$/,
    name: "a history of commands",
  },
  {
    pattern: /^\/etc\/(g?shadow-?|sudoers|sudoers\.d(\/.*)?|ssh\/ssh_host_[^/]*_key)$/,
    name: "a secret of the machine",
  },
  {
    pattern: /^\/proc\/[^/]+\/(task\/[^/]+\/)?(environ|mem|auxv|root(\/.*)?)$/,
    name: "the memory or environment of a process",
  },
  { pattern: /^(\/proc\/kcore|\/dev\/k?mem|\/dev\/port)$/, name: "the machine's memory" },
  { pattern: /^\/(var\/)?run\/(secrets|credentials|user\/\d+\/keyring)(\/.*)?$/, name: "mounted secrets" },
  { pattern: /(^|\/)[^/]*\.(dec|decrypted|plain|clear)\.(ya?ml|json|env|txt)$/, name: "a decrypted copy" },
  { pattern: /(^|\/)(secrets?|passwords?)\.(ya?ml|json|txt|env|toml|ini)$/, name: "clear secrets" },
];

const GUARDRAILS: readonly Place[] = [
  { pattern: /(^|\/)\.claude(\.json|\/.*)?$/, name: "the agent's own settings and hooks" },
  { pattern: /(^|\/)\.mcp\.json$/, name: "the agent's servers" },
  { pattern: /^\/etc\/claude-code(\/.*)?$/, name: "the managed settings" },
  {
    pattern: /(^|\/)\.git\/(hooks|config|config\.worktree|info\/attributes|modules\/.+\/(hooks|config))(\/.*)?$/,
    name: "git's hooks and configuration",
  },
  { pattern: /(^|\/)(\.gitconfig|\.config\/git(\/.*)?|\/etc\/gitconfig)$/, name: "git's configuration" },
  {
    pattern: /(^|\/)(\.husky(\/.*)?|lefthook\.ya?ml|\.pre-commit-config\.ya?ml|\.envrc)$/,
    name: "hooks that run by themselves",
  },
  {
    pattern:
      /(^|\/)\.(bashrc|bash_profile|bash_login|bash_logout|bash_aliases|profile|zshrc|zshenv|zprofile|zlogin|inputrc|pam_environment|xprofile|xinitrc)$/,
    name: "a file that shells start with",
  },
  { pattern: /(^|\/)\.config\/(fish|systemd|autostart|environment\.d)(\/.*)?$/, name: "what starts with the session" },
  { pattern: /(^|\/)\.ssh\/(authorized_keys2?|config|rc|environment)$/, name: "SSH access" },
  { pattern: /(^|\/)\.local\/state\/demesne(\/.*)?$/, name: "the audit" },
  { pattern: /(^|\/)\.demesne\/(ledger|approvals|audit|plans)(\/.*)?$/, name: "plans, approvals and the ledger" },
  { pattern: /^\/(var\/lib|run|etc)\/demesne(\/.*)?$/, name: "what applies are bound to" },
];

const SYSTEM =
  /^\/(etc|usr|bin|sbin|lib|lib32|lib64|boot|sys|proc|dev|var|opt|srv|root|run|snap|System|Library|Applications)(\/|$)/;
const SCRATCH =
  /^(\/dev\/(null|zero|full|tty|stdin|stdout|stderr|fd(\/.*)?|shm(\/.*)?|tcp.*|udp.*)|\/(var\/)?tmp(\/.*)?|\/private\/tmp(\/.*)?|\/var\/folders\/.*|\/proc\/self\/fd.*)$/;

/** Absolute where that can be known, `.` and `..` gone. */
export function locate(field: string, scope: Scope): string {
  const text = field.startsWith("file://") ? field.slice(7) : field;
  const start = isAbsolute(text) || text.startsWith(UNKNOWN) || scope.cwd === undefined ? text : join(scope.cwd, text);
  const path = normalize(start);
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** The same place by its other name, when symbolic links lead there. */
function namesOf(path: string, scope: Scope): readonly string[] {
  if (!isKnown(path) || !isAbsolute(path) || scope.isRemote) return [path];
  const real = scope.world.resolve(path);
  return real === path ? [path] : [path, real];
}

export function secretAt(field: string, scope: Scope): string | undefined {
  return namesOf(locate(field, scope), scope)
    .map((path) => placeOf(path, SECRETS, scope))
    .find(Boolean);
}

export function guardrailAt(field: string, scope: Scope): string | undefined {
  return namesOf(locate(field, scope), scope)
    .map((path) => placeOf(path, GUARDRAILS, scope))
    .find(Boolean);
}

function placeOf(path: string, places: readonly Place[], scope: Scope): string | undefined {
  const match = (text: string): string | undefined => places.find(({ pattern }) => pattern.test(text))?.name;
  if (isKnown(path)) return match(path);
  const fill = (by: string): string => path.slice(path.lastIndexOf(UNKNOWN) + 1).replaceAll(/[\uE001\uE002]/g, by);
  const filled = match(fill("x")) ?? match(fill(""));
  if (isUnknown(path)) return match(path.slice(0, path.indexOf(UNKNOWN))) ?? filled;
  // A bare star names everything and means nothing in particular.
  if (/(^|\/)[\uE001\uE002]*$/.test(path)) return match(fill("x"));
  return filled ?? match(samples(scope).find((text) => match(text) !== undefined && couldBe(path, text)) ?? "");
}

/** Real names for globs to be held against. */
function samples(scope: Scope): string[] {
  const { root, home } = scope.world;
  const names = [".env", ".env.production", ".env.local", "id_ed25519", "id_rsa", ".netrc"];
  const own = [
    ".claude",
    ".claude/settings.json",
    ".claude/hooks/guard.cjs",
    ".mcp.json",
    ".git/hooks/pre-commit",
    ".git/config",
  ];
  const homes = [
    ".ssh/id_ed25519",
    ".ssh/id_rsa",
    ".config/sops/age/keys.txt",
    ".aws/credentials",
    ".bashrc",
    ".zshrc",
    ".gitconfig",
  ];
  const fixed = ["/etc/shadow", "/proc/self/environ", "/proc/1/environ", "/etc/claude-code/managed-settings.json"];
  const folders = [...new Set([root, scope.cwd ?? root, home])];
  return [
    ...folders.flatMap((folder) => [...names, ...own].map((name) => join(folder, name))),
    ...homes.map((name) => join(home, name)),
    ...fixed,
    ...names,
    ...own,
  ];
}

export function isScratch(path: string): boolean {
  return SCRATCH.test(path);
}

export function isSystem(path: string): boolean {
  return SYSTEM.test(path) && !SCRATCH.test(path);
}

/** How much goes with a folder: everything, the operator's own things, parts of the estate, or nothing that matters. */
export type Weight = "everything" | "home" | "estate" | "part" | "unknown" | "little";

const PARTS = /^(inventory|services|policy|runbooks|docs|\.demesne|src|test)$/;

export function weightOf(field: string, scope: Scope): Weight {
  const path = locate(field, scope).replace(/^(\/dev\/shm|\/tmp|\/var\/tmp)\/\.\.$/, "/");
  if (isUnknown(path))
    return path.replace(UNKNOWN, "").length > 0 && isScratch(path.slice(0, path.indexOf(UNKNOWN)))
      ? "little"
      : "unknown";
  const { root, home } = scope.world;
  const base = path.endsWith(`/${ANY}`) ? path.slice(0, -2) || "/" : path;
  if (base === "/" || isSystem(base) || /^\/(home|Users|mnt|media)(\/[^/]*)?$/.test(base)) return "everything";
  if (!isKnown(base) && /^\/[^/]*$/.test(base)) return "everything";
  if (scope.isRemote) return "unknown";
  if (base === home || home.startsWith(`${base}/`)) return "everything";
  if (
    base === root ||
    root.startsWith(`${base}/`) ||
    base === join(root, ".git") ||
    (isKnown(base) ? false : couldBe(base, join(root, ".git")))
  )
    return "estate";
  if (base.startsWith(`${root}/`)) return PARTS.test(base.slice(root.length + 1)) ? "part" : "little";
  if (isScratch(base)) return "little";
  if (!isAbsolute(base)) return /^(\.|\.\.|\.\.\/.*)?$/.test(base) || base === ANY ? "unknown" : "little";
  return base.startsWith(`${home}/`) ? "home" : "unknown";
}
