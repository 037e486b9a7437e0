// Programs that open secrets or use keys, and the shell's own listing of its environment.
import { argsOf, hasAny, hasLong, programOf, readOptions } from "./call.ts";
import { judgeAssignment } from "./environment.ts";
import { isKnown, show } from "./field.ts";
import { judgeRead } from "./files.ts";
import { report, type Scope } from "./scope.ts";
import type { Rule, Rules } from "./rule.ts";

/** Names of variables that hold keys. */
const SECRET_NAME =
  /(^|_)(API_?KEY|KEY|TOKEN|SECRETS?|PASS(WORD|WD|PHRASE)?|CREDENTIALS?|AUTH|PAT|DSN|DATABASE_URL|PRIVATE)(_|$)/i;

const deny = (scope: Scope, what: string): void => report(scope, "deny", "secret-read", what);

const sops: Rule = (call, scope, tools) => {
  const options = readOptions(argsOf(call), [
    "k",
    "p",
    "a",
    "i",
    "set",
    "extract",
    "output",
    "input-type",
    "output-type",
    "age",
    "config",
    "encrypted-regex",
  ]);
  const [verb = ""] = options.operands;
  const encrypts = options.flags.has("e") || hasLong(options, "encrypt") || verb === "encrypt";
  const manages =
    /^(updatekeys|rotate|groups|publish|keyservice)$/.test(verb) ||
    options.flags.has("r") ||
    hasLong(options, "rotate") ||
    hasLong(options, "set") ||
    verb === "set" ||
    verb === "unset";
  if (/^(exec-env|exec-file)$/.test(verb)) tools.script(options.operands.slice(2).join(" "), scope);
  if (
    /^(filestatus|completion|help)$/.test(verb) ||
    options.flags.has("version") ||
    options.flags.has("help") ||
    options.operands.length === 0
  )
    return undefined;
  if (encrypts) return undefined;
  if (manages) report(scope, "ask", "secret-change", "changes who can read the secrets, or the secrets");
  else deny(scope, "sops opens the secrets");
  return undefined;
};

const age: Rule = (call, scope) => {
  const options = readOptions(argsOf(call), ["i", "r", "R", "o", "identity", "recipient", "recipients-file", "output"]);
  if (hasAny(options, "d") || hasLong(options, "decrypt")) deny(scope, "age opens a secret");
  else if (programOf(call) === "age-keygen" && !options.flags.has("version"))
    report(scope, "ask", "secret-change", "makes or reads an age key");
  return undefined;
};

const gpg: Rule = (call, scope) => {
  const options = readOptions(argsOf(call), [
    "o",
    "r",
    "u",
    "output",
    "recipient",
    "local-user",
    "homedir",
    "passphrase",
    "passphrase-file",
  ]);
  const isSecret =
    hasAny(options, "d") ||
    ["decrypt", "export-secret-keys", "export-secret-subkeys", "decrypt-files", "edit-key", "delete-secret-keys"].some(
      (name) => options.flags.has(name) || (name.startsWith("decrypt") && hasLong(options, name)),
    );
  if (isSecret) deny(scope, "gpg opens a secret or a key");
  return undefined;
};

const openssl: Rule = (call, scope) => {
  const [verb = "", ...rest] = argsOf(call);
  if (/^(enc|smime|cms|pkeyutl|rsautl)$/.test(verb) && rest.some((arg) => /^-(d|decrypt)$/.test(arg)))
    report(scope, "ask", "secret-read", "openssl decrypts");
  if (/^(s_client|s_server)$/.test(verb)) report(scope, "ask", "network", "openssl opens a connection");
  return undefined;
};

const printenv: Rule = (call, scope) => {
  const { operands } = readOptions(argsOf(call));
  const bad = operands.find((name) => SECRET_NAME.test(name) || !isKnown(name));
  if (operands.length === 0) report(scope, "deny", "environment-read", "prints the environment, keys included");
  else if (bad !== undefined) report(scope, "deny", "environment-read", `prints ${show(bad)}`);
  return undefined;
};

/** `set`, `export -p`, `declare -p`: the shell's own listing. */
const listing: Rule = (call, scope) => {
  const args = argsOf(call);
  const program = programOf(call);
  const lists = program === "set" ? args.length === 0 : args.every((arg) => /^-[px]+$/.test(arg));
  if (lists) report(scope, "deny", "environment-read", `${program} prints the environment, keys included`);
  const named = args.some((arg) => /^-\w*p/.test(arg)) ? args.find((arg) => SECRET_NAME.test(arg)) : undefined;
  if (named !== undefined) report(scope, "deny", "environment-read", `prints ${named}`);
  if (program === "set" && args[0] === "--") setArguments(args.slice(1), scope);
  return "";
};

function setArguments(args: readonly string[], scope: Scope): void {
  scope.vars.set("@", args);
  for (const [index, arg] of args.entries()) scope.vars.set(String(index + 1), [arg]);
}

/** `export X=y`, `declare x`: they set, and print only when asked to. */
const declare: Rule = (call, scope, tools) => {
  const args = argsOf(call);
  for (const arg of args) {
    const [, name, value] = /^([A-Za-z_]\w*)=([^]*)$/.exec(arg) ?? [];
    if (name === undefined || value === undefined) continue;
    scope.vars.set(name, [value]);
    judgeAssignment(name, value, scope, tools.script);
  }
  if (args.length === 0 || args.some((arg) => /^-\w*p/.test(arg)) || args.every((arg) => arg === "-x"))
    return listing(call, scope, tools);
  return "";
};

const ps: Rule = (call, scope) => {
  const words = argsOf(call);
  const shows = words.some(
    (arg) => (/^[a-zA-Z]*e[a-zA-Z]*$/.test(arg) && !arg.startsWith("-")) || /^-\w*E/.test(arg) || /environ/.test(arg),
  );
  if (shows) report(scope, "deny", "environment-read", "prints the environment of other processes");
  return undefined;
};

const sshKey: Rule = (call, scope) => {
  const options = readOptions(argsOf(call), [
    "f",
    "t",
    "b",
    "C",
    "N",
    "P",
    "n",
    "I",
    "s",
    "O",
    "V",
    "Y",
    "l",
    "m",
    "R",
    "F",
  ]);
  const file = options.values.get("f")?.[0];
  if (options.values.get("Y")?.[0] === "sign") report(scope, "ask", "secret-use", "signs with a key");
  else if (hasAny(options, "y", "p", "e", "c") && file !== undefined) judgeRead(file, scope, "ssh-keygen");
  return undefined;
};

const agent: Rule = (call, scope) => {
  const args = argsOf(call);
  if (!args.every((arg) => /^-[lL]$/.test(arg)) || args.length === 0)
    report(scope, "ask", "secret-use", "changes what the key agent offers");
  return undefined;
};

const demesne: Rule = (call, scope) => judgeDemesne(argsOf(call), scope);

const SHOWS =
  /^(plan|status|verify|rehearse|doctor|export|evidence|lint|init|bench|seam|drift|help|version|--version|--help|-h|-V)$/;

/** Our own program: what changes hosts, keys or guardrails is the operator's to decide. */
function judgeDemesne(args: readonly string[], scope: Scope): undefined {
  const [verb = "help", second = ""] = args.filter((arg) => !arg.startsWith("-") || /^(--version|--help)$/.test(arg));
  if (/^secrets?$/.test(verb) && /^(show|open|decrypt|view|cat|export|get|edit)$/.test(second)) {
    deny(scope, "demesne opens the secrets");
    return undefined;
  }
  if (verb === "guard" && /^(test|status|verify|log)$/.test(second)) return undefined;
  if (args.some((arg) => /^(--help|-h)$/.test(arg)) || (isKnown(verb) && SHOWS.test(verb))) return undefined;
  report(scope, "ask", "demesne", `demesne ${show(verb)} is for the operator to decide`);
  return undefined;
}

export const secretRules: Rules = {
  sops,
  age,
  rage: age,
  "age-keygen": age,
  "rage-keygen": age,
  gpg,
  gpg2: gpg,
  openssl,
  printenv,
  set: listing,
  export: declare,
  declare,
  typeset: declare,
  readonly: declare,
  local: declare,
  ps,
  "ssh-keygen": sshKey,
  "ssh-add": agent,
  demesne,
};
