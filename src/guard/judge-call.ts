// Judges one simple command: what its program does with its arguments, then what the arguments alone give away. Programs
// that no rule knows still must not be handed a key or a guardrail.
import { containerRules } from "./container-rules.ts";
import { programOf, type Call } from "./call.ts";
import { fileRules } from "./file-rules.ts";
import { ANY, FETCHED, isKnown, show, UNKNOWN } from "./field.ts";
import { gitRules } from "./git-rules.ts";
import { databaseRules } from "./database-rules.ts";
import { infrastructureRules } from "./infrastructure-rules.ts";
import { languageRules } from "./language-rules.ts";
import { judgeDirectRun, shellRules } from "./shell-rules.ts";
import { projectRules } from "./project-rules.ts";
import { textRules } from "./text-rules.ts";
import { webRules } from "./web-rules.ts";
import { machineRules } from "./machine-rules.ts";
import { metadataAddress } from "./metadata.ts";
import { networkRules } from "./network-rules.ts";
import { outputRules } from "./output-rules.ts";
import { guardrailAt, secretAt } from "./places.ts";
import { inner, report, spend, type Scope } from "./scope.ts";
import { judgePrinters } from "./secret-printers.ts";
import { secretRules } from "./secret-rules.ts";
import { wrapperRules } from "./wrapper-rules.ts";
import { judgeWrapped } from "./wrappers.ts";
import type { Rule, Rules, Tools } from "./rule.ts";

/** Of two tables with the same program the first counts. Not one table: to copy them together costs a start 1 ms. */
const TABLES: readonly Rules[] = [
  wrapperRules,
  secretRules,
  databaseRules,
  infrastructureRules,
  webRules,
  projectRules,
  textRules,
  languageRules,
  shellRules,
  machineRules,
  containerRules,
  networkRules,
  gitRules,
  fileRules,
  outputRules,
];

function ruleOf(program: string): Rule | undefined {
  return TABLES.find((table) => Object.hasOwn(table, program))?.[program];
}

/** They name files without reading them, or their own rule has looked at what they read. */
const NAMES_ONLY = new Set(
  "ls stat test [ echo printf true false mkdir touch chmod chown chgrp basename dirname realpath readlink file find fd cd pushd popd rmdir rm unlink shred mv cp ln install tree du which type export local declare readonly typeset unset shift return exit git rsync scp ssh docker podman docker-compose sudo doas env xargs command builtin exec time nohup timeout nice sops age age-keygen eval source . read tee test-f sh bash zsh dash alias trap wait jobs mapfile readarray let : set".split(
    " ",
  ),
);
/** They read; a guardrail may be read. */
const LOOKS_ONLY = new Set(
  "cat bat less more head tail grep egrep fgrep rg ag ack jq yq wc diff cmp sort uniq cut tr nl od xxd hexdump strings md5sum sha1sum sha256sum sha512sum shasum cksum b3sum column fold fmt rev tac awk sed find fd ls stat test [ echo printf file readlink realpath basename dirname tree du cd pushd popd source . git cp mv rm ln chmod chown tee mkdir touch install sort node python docker podman oxlint eslint shellcheck export local declare test".split(
    " ",
  ),
);

/** Longer than any path that a system takes. */
const MAX_PATH = 4096;

export function judgeCall(call: Call, scope: Scope, script: Tools["script"]): string {
  spend(scope);
  const tools: Tools = { script, call: (other, within) => judgeCall(other, within, script) };
  const [name] = call.argv;
  if (name === undefined || name === "") return "";
  if (!isKnown(name)) {
    judgeUnknown(call, scope);
    return UNKNOWN;
  }
  judgeArguments(call, scope);
  judgePrinters(call, scope);
  const wrapped = judgeWrapped(call, inner(scope, { vars: scope.vars, functions: scope.functions }), tools);
  if (wrapped !== undefined) return wrapped;
  const program = programOf(call);
  const rule = ruleOf(program);
  const isScript = name.includes("/") && !name.startsWith("@") && (rule === undefined || name.startsWith("."));
  if (isScript) return judgeDirectRun(call, scope, tools) ?? UNKNOWN;
  if (program === "completion" || call.argv[1] === "completion" || call.argv.includes("shellenv")) return "";
  return rule === undefined ? UNKNOWN : (rule(call, scope, tools) ?? UNKNOWN);
}

/** The program is only known when it runs; its arguments may be bad enough already. */
function judgeUnknown(call: Call, scope: Scope): void {
  const [name = "", ...args] = call.argv;
  judgeArguments({ ...call, argv: ["", ...args] }, scope);
  const isFetched = name.includes(FETCHED);
  if (isFetched) report(scope, "deny", "pipe-to-shell", "runs what the network sends, unread");
  else report(scope, "ask", "unknown-command", `a command that is only known when it runs: ${show(name)}`);
}

function judgeArguments(call: Call, scope: Scope): void {
  const program = programOf(call);
  for (const arg of call.argv.slice(1)) {
    if (metadataAddress(arg))
      report(scope, "deny", "metadata", "asks a machine's metadata service, which hands out credentials");
    for (const path of pathsIn(arg)) judgePath(program, path, scope);
  }
}

function judgePath(program: string, path: string, scope: Scope): void {
  spend(scope);
  if (/[\n\r]/.test(path)) return;
  const secret = NAMES_ONLY.has(program) ? undefined : secretAt(path, scope);
  if (secret !== undefined)
    report(scope, "deny", "secret-read", `${program || "a command"} is given ${secret}: ${show(path)}`);
  if (LOOKS_ONLY.has(program) || NAMES_ONLY.has(program) || scope.isRemote) return;
  const guardrail = guardrailAt(path, scope);
  if (guardrail !== undefined) report(scope, "deny", "guardrail", `${program} may change ${guardrail}: ${show(path)}`);
}

/** The argument as a path, and what follows `=`, `@`, `:` or an option's letter in it. */
function pathsIn(arg: string): Set<string> {
  const paths = new Set<string>();
  if (arg.length > MAX_PATH) return paths;
  const add = (path: string): void => {
    if (path !== "" && path !== UNKNOWN && (path.length > 1 || path === ANY)) paths.add(path);
  };
  if (!arg.startsWith("-")) add(arg);
  else if (!arg.startsWith("--")) add(arg.slice(2));
  for (const [index, char] of arg.split("").entries()) if ("=@:,<".includes(char)) add(arg.slice(index + 1));
  for (const part of arg.split(/[=@:,<]/)) if (!part.startsWith("-")) add(part);
  return paths;
}
