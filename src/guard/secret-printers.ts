// Programs whose purpose is to show a secret: password stores, clouds' token printers, configurations filled in.
import { argsOf, programOf, readOptions, type Call } from "./call.ts";
import { UNKNOWN } from "./field.ts";
import { report, type Scope } from "./scope.ts";

/** Programs, what must follow, and what is printed then. */
const PRINTERS: readonly (readonly [programs: string, pattern: RegExp, what: string])[] = [
  ["gh", /^auth (token|status .*(-t|--show-token))/, "GitHub's token"],
  ["glab hub", /^(auth|config) .*token/, "a token"],
  ["pass gopass", /^(show|ls -|-c|grep|edit|[\w-]+\/)/, "a password"],
  ["op", /^(read|item get|document get|run|inject|signin)/, "a password"],
  ["bw", /^(get|list|export|unlock)/, "a password"],
  ["lpass lastpass", /^(show|export)/, "a password"],
  ["vault bao", /^(kv get|read|print token|token create|unwrap|token lookup)/, "a secret of Vault"],
  ["secret-tool", /^(lookup|search)/, "the keyring"],
  ["security", /^(find-|dump-|export)/, "the keychain"],
  ["keyctl", /^(print|read|pipe)/, "the kernel's keyring"],
  [
    "aws",
    /^(secretsmanager get-secret|ssm get-parameter|configure (get|export)|sts (get-session|assume|get-federation)|ecr get-login|kms decrypt|codeartifact get-auth|iam create-access-key|eks get-token|rds generate-db-auth)/,
    "credentials of AWS",
  ],
  [
    "gcloud",
    /^(auth (application-default )?print-|secrets versions access|kms decrypt|config config-helper|iam service-accounts keys create|sql generate-login)/,
    "credentials of Google Cloud",
  ],
  [
    "az",
    /^(keyvault secret (show|list|download)|account get-access-token|storage account keys|acr credential|ad sp create|functionapp keys|cosmosdb keys|webapp deployment list-pub)/,
    "credentials of Azure",
  ],
  ["doctl", /^(auth|kubernetes cluster kubeconfig|registry docker-config)/, "credentials"],
  ["hcloud", /^context/, "credentials"],
  ["heroku", /^(config|auth:token)/, "credentials"],
  ["fly flyctl", /^(auth token|tokens)/, "credentials"],
  ["wrangler vercel netlify railway supabase", /^(secret|env|tokens?|whoami -)/, "credentials"],
  ["doppler", /^(secrets|run|configs)/, "secrets"],
  ["infisical chamber berglas teller envchain summon", /^/, "secrets"],
  ["npm", /^(token|config (get|list|ls).*(auth|-l)|config get \/\/)/, "the registry's token"],
  ["kubectl oc", /^.*\b(get|describe|edit)\b.*\bsecrets?\b/, "a Kubernetes secret"],
  ["kubectl oc", /^(config view.*--raw|create token|get .*--raw.*secrets)/, "credentials of the cluster"],
  ["helm", /^get (values|all|manifest)/, "values of a release, secrets included"],
  ["terraform tofu", /^(output|state (pull|show)|show|console)/, "values of the state, secrets included"],
  ["pulumi", /^(config get|config --show-secrets|stack output --show-secrets|stack export)/, "secrets of the stack"],
  ["ansible-vault", /^(view|decrypt|edit)/, "a vault"],
  ["systemd-creds", /^(decrypt|cat)/, "a credential"],
  ["systemd-ask-password", /^/, "a password"],
  ["git-crypt", /^(unlock|export-key)/, "a key"],
  ["chezmoi yadm", /^(dump|decrypt|secret)/, "secrets"],
  [
    "systemctl",
    /^(show-environment|show .*(-p|--property)[ =]*\w*Environment|cat .*creds)/,
    "the environment of a service",
  ],
  ["docker podman", /^(inspect|container inspect|secret inspect|config inspect)/, "the environment of a container"],
  [
    "docker podman",
    /^(-\S+ )*compose .*\bconfig\b(?!.*(--(services|volumes|images|profiles|quiet|hash)\b| -q\b))/,
    "the filled-in configuration, keys included",
  ],
  [
    "docker-compose",
    /^.*\bconfig\b(?!.*(--(services|volumes|images|profiles|quiet|hash)\b| -q\b))/,
    "the filled-in configuration, keys included",
  ],
  ["tmux", /^(show-env|showenv|capture-pane)/, "another terminal"],
  ["xclip xsel wl-paste pbpaste", /^/, "the clipboard"],
  ["gcore procdump", /^/, "the memory of a process"],
];

export function judgePrinters(call: Call, scope: Scope): void {
  const program = programOf(call);
  const candidates = PRINTERS.filter(([programs]) => programs.split(" ").includes(program));
  if (candidates.length === 0) return;
  const line = argsOf(call).join(" ").replaceAll(UNKNOWN, "");
  const found = candidates.find(([, pattern]) => pattern.test(line) || pattern.test(withoutOptions(call)));
  if (found !== undefined) report(scope, "deny", "secret-read", `prints ${found[2]}`);
}

/** Global options stand before the verb: `kubectl -n x get secret`. */
function withoutOptions(call: Call): string {
  const { operands, flags } = readOptions(argsOf(call), [
    "n",
    "namespace",
    "context",
    "profile",
    "region",
    "project",
    "f",
    "file",
    "H",
    "host",
    "o",
    "output",
    "chdir",
  ]);
  return [...operands, ...[...flags].map((flag) => (flag.length === 1 ? `-${flag}` : `--${flag}`))].join(" ");
}
