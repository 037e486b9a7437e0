// Which paths matter: what must not be read, what must not be changed, what must not be removed. Paths come with marks
// where they are only known at run time; what could come out as such a path counts as one.
import { isAbsolute, join, normalize } from "node:path";
import { ANY, couldBe, isKnown, isUnknown, UNKNOWN } from "./field.ts";
import type { Scope } from "./scope.ts";

/** A path that matches has one of the `hints` in it; so most paths are done without a regular expression being compiled. */
export type Place = { readonly pattern: RegExp; readonly hints: readonly string[]; readonly name: string };

export const SECRETS: readonly Place[] = [
  {
    pattern: /(^|\/)\.env(\.(?!(example|sample|template|dist|defaults|schema|tmpl|tpl)$)[^/]+)?$/,
    hints: [".env"],
    name: "an environment file",
  },
  {
    pattern: /(^|\/)\.ssh(\/(?!known_hosts|config$|allowed_signers|authorized_keys|[^/]*\.pub$)[^/]*)?$/,
    hints: [".ssh"],
    name: "SSH keys",
  },
  { pattern: /(^|\/)id_(rsa|dsa|ecdsa|ed25519)(_sk)?$/, hints: ["id_"], name: "an SSH key" },
  {
    pattern: /(^|\/)\.config\/(sops|age|gcloud|op|rclone|gh|hub|doctl)(\/.*)?$/,
    hints: [".config/"],
    name: "a program's keys",
  },
  { pattern: /(^|\/)Library\/Application Support\/sops(\/.*)?$/, hints: ["Library/"], name: "age keys" },
  {
    pattern: /(^|\/)(keys\.txt|[^/]*\.(agekey|age-key|key|p12|pfx|jks|keystore|kdbx|ppk))$/,
    hints: ["keys.txt", ".key", ".age", ".p12", ".pfx", ".jks", ".kdbx", ".ppk"],
    name: "a private key",
  },
  { pattern: /(^|\/)[^/]*(priv|key)[^/]*\.pem$/, hints: [".pem"], name: "a private key" },
  {
    pattern: /(^|\/)\.(aws|azure|gnupg|password-store|kube|oci)(\/.*)?$/,
    hints: [".aws", ".azure", ".gnupg", ".password-store", ".kube", ".oci"],
    name: "credentials",
  },
  { pattern: /(^|\/)\.docker\/config\.json$/, hints: [".docker/"], name: "registry credentials" },
  {
    pattern:
      /(^|\/)(\.netrc|_netrc|\.git-credentials|\.pgpass|\.my\.cnf|\.vault-token|\.pypirc|\.htpasswd|\.s3cfg|\.boto)$/,
    hints: [
      "netrc",
      ".git-credentials",
      ".pgpass",
      ".my.cnf",
      ".vault-token",
      ".pypirc",
      ".htpasswd",
      ".s3cfg",
      ".boto",
    ],
    name: "credentials",
  },
  {
    pattern: /(^|\/)(\.?credentials(\.json)?|service-account[^/]*\.json|terraform\.tfstate(\.backup)?|[^/]*\.tfvars)$/,
    hints: ["credentials", "service-account", "terraform.tfstate", ".tfvars"],
    name: "credentials",
  },
  {
    pattern: /(^|\/)\.(bash|zsh|sh|psql|mysql|python|node_repl|sqlite|irb|ash|rediscli)_?history$/,
    hints: ["history"],
    name: "a history of commands",
  },
  {
    pattern: /^\/etc\/(g?shadow-?|sudoers|sudoers\.d(\/.*)?|ssh\/ssh_host_[^/]*_key)$/,
    hints: ["/etc/"],
    name: "a secret of the machine",
  },
  {
    pattern: /^\/proc\/[^/]+\/(task\/[^/]+\/)?(environ|mem|auxv|root(\/.*)?)$/,
    hints: ["/proc/"],
    name: "the memory or environment of a process",
  },
  {
    pattern: /^(\/proc\/kcore|\/dev\/k?mem|\/dev\/port)$/,
    hints: ["/proc/kcore", "/dev/"],
    name: "the machine's memory",
  },
  {
    pattern: /^\/(var\/)?run\/(secrets|credentials|user\/\d+\/keyring)(\/.*)?$/,
    hints: ["/run/"],
    name: "mounted secrets",
  },
  {
    pattern: /(^|\/)[^/]*\.(dec|decrypted|plain|clear)\.(ya?ml|json|env|txt)$/,
    hints: [".dec", ".plain", ".clear"],
    name: "a decrypted copy",
  },
  {
    pattern: /(^|\/)(secrets?|passwords?)\.(ya?ml|json|txt|env|toml|ini)$/,
    hints: ["secret", "password"],
    name: "clear secrets",
  },
];

export const GUARDRAILS: readonly Place[] = [
  { pattern: /(^|\/)\.claude(\.json|\/.*)?$/, hints: [".claude"], name: "the agent's own settings and hooks" },
  { pattern: /(^|\/)\.mcp\.json$/, hints: [".mcp.json"], name: "the agent's servers" },
  { pattern: /^\/etc\/claude-code(\/.*)?$/, hints: ["/etc/claude-code"], name: "the managed settings" },
  {
    pattern: /(^|\/)\.git\/(hooks|config|config\.worktree|info\/attributes|modules\/.+\/(hooks|config))(\/.*)?$/,
    hints: [".git/"],
    name: "git's hooks and configuration",
  },
  {
    pattern: /(^|\/)(\.gitconfig|\.config\/git(\/.*)?|\/etc\/gitconfig)$/,
    hints: [".gitconfig", ".config/git", "/etc/gitconfig"],
    name: "git's configuration",
  },
  {
    pattern: /(^|\/)(\.husky(\/.*)?|lefthook\.ya?ml|\.pre-commit-config\.ya?ml|\.envrc)$/,
    hints: [".husky", "lefthook", ".pre-commit-config", ".envrc"],
    name: "hooks that run by themselves",
  },
  {
    pattern:
      /(^|\/)\.(bashrc|bash_profile|bash_login|bash_logout|bash_aliases|profile|zshrc|zshenv|zprofile|zlogin|inputrc|pam_environment|xprofile|xinitrc)$/,
    hints: [".bash", "profile", ".zsh", ".zlogin", ".inputrc", ".pam_environment", ".xinitrc"],
    name: "a file that shells start with",
  },
  {
    pattern: /(^|\/)\.config\/(fish|systemd|autostart|environment\.d)(\/.*)?$/,
    hints: [".config/"],
    name: "what starts with the session",
  },
  { pattern: /(^|\/)\.ssh\/(authorized_keys2?|config|rc|environment)$/, hints: [".ssh/"], name: "SSH access" },
  { pattern: /(^|\/)\.local\/state\/demesne(\/.*)?$/, hints: [".local/state/demesne"], name: "the audit" },
  {
    pattern: /(^|\/)\.demesne\/(ledger|approvals|audit|plans|guard|checkpoints)(\/.*)?$/,
    hints: [".demesne/"],
    name: "plans, approvals, checkpoints and the ledger",
  },
  { pattern: /^\/(var\/lib|run|etc)\/demesne(\/.*)?$/, hints: ["/demesne"], name: "what applies are bound to" },
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
  const match = (text: string): string | undefined =>
    places.find(({ hints, pattern }) => hints.some((hint) => text.includes(hint)) && pattern.test(text))?.name;
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
