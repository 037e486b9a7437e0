// Every rule of lint: what it holds an estate to, how bad it is when broken, and whether an estate may waive it for a service.

type Rule = { readonly severity: "error" | "warning"; readonly isWaivable: boolean; readonly means: string };

const error = (means: string): Rule => ({ severity: "error", isWaivable: false, means });
const warning = (means: string): Rule => ({ severity: "warning", isWaivable: false, means });
/** An error that a waiver `lint/RULE/SERVICE` in estate.yaml lets pass, with its reason and its last day. */
const waivable = (means: string): Rule => ({ severity: "error", isWaivable: true, means });

export const rules = {
  "estate-file": error("each file of the estate is there, is YAML as an estate allows it, and has its schema's shape"),
  "estate-reference": error("what is named in one file is defined in another: hosts, tiers, secrets with an example"),
  "estate-profile": error("the profiles are what their names say; no service has the provider's key"),
  "estate-network": error("networks do not overlap"),
  "estate-placement": error("a service fits its host, and there is one gateway at most"),
  "estate-port": error("a port is used once, ssh stays open, what is open is published"),
  "estate-compose": error("images are pinned by digest as in the lock, mounts stay inside the service"),
  "estate-waiver": error("waivers have not run out"),
  "unknown-waiver": error("a waiver names a control that there is"),
  "unused-waiver": warning("a waiver of a lint rule has something to waive"),
  "unknown-adopt": error("what a host adopts is something that Demesne wants of it"),
  "schema-comment": warning("the first line of a YAML file names its schema, for editors"),
  "provider-host": error("no service names a provider of models: the gateway asks them"),
  "provider-key": error("no service holds a provider's key: the gateway alone does"),
  "model-bypass": error("no service asks a model past the gateway"),
  "virtual-key": error("who asks the gateway has a virtual key"),
  "secret-literal": error("a secret is not written into a file: it is named in service.yaml"),
  "data-handling": waivable("a service with personal data says what it holds, where, how long, and how it is erased"),
  published: waivable(
    "a service is reached on loopback or in its tier; other hosts of the estate are named one by one",
  ),
  healthcheck: waivable("Docker sees whether a container is well"),
  limits: waivable("a container has a most of memory, processor time and processes"),
  "read-only": waivable("a container cannot change its own files, or service.yaml says why it must"),
  "non-root": waivable("a container runs as a user without rights, or service.yaml says why it cannot"),
  "cap-drop": waivable("a container starts without capabilities"),
  "no-new-privileges": waivable("a process in a container gains no rights by starting a program"),
  "stated-in-vain": warning("what service.yaml says a container lacks, it does lack"),
  "unused-image": warning("the lock lists images that services run"),
  "shell-syntax": error("shell scripts can be parsed"),
  shellcheck: warning("shellcheck, where it is installed, has nothing to say"),
  executable: error("scripts can be run, other files cannot"),
  "private-file": error("a private key is readable for its owner alone"),
  "world-writable": error("nobody else can write into the estate"),
  generated: error("files that Demesne wrote are as this Demesne writes them"),
} as const satisfies Record<string, Rule>;

export type RuleName = keyof typeof rules;

export function isRule(name: string): name is RuleName {
  return Object.hasOwn(rules, name);
}

/** The control of a waiver `lint/RULE/SERVICE`, when it names a rule that can be waived. */
export function waivedRule(control: string): { readonly rule: RuleName; readonly service: string } | undefined {
  const [prefix, rule = "", service = "", ...more] = control.split("/");
  if (prefix !== "lint" || more.length > 0 || !isRule(rule)) return undefined;
  return rules[rule].isWaivable ? { rule, service } : undefined;
}
