// Variables that change what other programs do when they start: a way round everything that looks at commands.
import { isKnown, show, UNKNOWN } from "./field.ts";
import { report, type Scope } from "./scope.ts";

type JudgeScript = (text: string, scope: Scope) => string;

/** Loaded into, or run by, every program (of a kind) that starts. */
const INJECTS =
  /^(LD_PRELOAD|LD_AUDIT|LD_LIBRARY_PATH|DYLD_\w+|PYTHONSTARTUP|PYTHONINSPECT|PERL5OPT|PERL5DB|RUBYOPT|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|GIT_EXTERNAL_DIFF|GIT_EXEC_PATH|GIT_TEMPLATE_DIR|GIT_CONFIG(_\w+)?|GIT_PROXY_COMMAND|ZDOTDIR|NPM_CONFIG_SCRIPT_SHELL|npm_config_script_shell)$/;
/** Shell text that runs later. */
const RUNS =
  /^(PROMPT_COMMAND|PS0|PS4|GIT_SSH_COMMAND|GIT_ASKPASS|SSH_ASKPASS|GIT_EDITOR|GIT_SEQUENCE_EDITOR|GIT_PAGER|EDITOR|VISUAL|PAGER|MANPAGER|LESSOPEN|LESSCLOSE|BROWSER|GIT_SSH|SUDO_ASKPASS|RSYNC_RSH|TAR_OPTIONS|CVS_RSH)$/;
/** Where the client and the guard themselves take their orders from. */
const GUARDRAIL = /^(CLAUDE_\w+|DISABLE_\w*HOOKS?\w*|DEMESNE_\w+|ANTHROPIC_BASE_URL|ANTHROPIC_\w*API_KEY)$/;
const HARMLESS_NODE =
  /^(--(max-old-space-size|stack-trace-limit|unhandled-rejections|max-http-header-size|dns-result-order)=[\w-]+|--(no-)?(warnings|deprecation|enable-source-maps|trace-warnings|trace-deprecation|preserve-symlinks)|--(no-)?experimental-(?!loader|policy|config|permission)[\w-]+(=[\w-]+)?|--enable-source-maps|--no-\w[\w-]*)$/;

export function judgeAssignment(name: string, value: string, scope: Scope, judgeScript: JudgeScript): void {
  if (value === "") return;
  if (INJECTS.test(name)) report(scope, "deny", "environment", `${name} puts code into programs that start later`);
  else if (name === "BASH_ENV" || name === "ENV") startFile(name, value, scope);
  else if (name === "NODE_OPTIONS") nodeOptions(value, scope);
  else if (name === "PATH") searchPath(value, scope);
  else if (GUARDRAIL.test(name)) report(scope, "deny", "guardrail", `${name} changes what the guardrails obey`);
  else if (RUNS.test(name) && isKnown(value)) judgeScript(value, scope);
}

function startFile(name: string, value: string, scope: Scope): void {
  if (name === "ENV" && /^[\w-]*$/.test(value)) return;
  report(scope, "deny", "environment", `${name} runs ${show(value)} in every shell that starts`);
}

function nodeOptions(value: string, scope: Scope): void {
  const words = value.split(/\s+/).filter((word) => word !== "" && word !== UNKNOWN);
  if (words.every((word) => HARMLESS_NODE.test(word))) return;
  report(scope, "deny", "environment", "NODE_OPTIONS puts code into every Node program that starts");
}

function searchPath(value: string, scope: Scope): void {
  const parts = value.split(":");
  const planted = parts.find((part) => /^(\.|\.\/.*|\/tmp(\/.*)?|\/var\/tmp(\/.*)?|\/dev\/shm(\/.*)?|)$/.test(part));
  if (planted === undefined || (planted === "" && parts.length === 1)) return;
  report(scope, "deny", "environment", `PATH takes programs from ${show(planted) || "the current folder"}`);
}
