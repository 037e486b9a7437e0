// git's settings: some are programs that git runs, some switch its hooks and signatures off.
import { hasAny, type Options } from "./call.ts";
import { isKnown } from "./field.ts";
import { report, type Scope } from "./scope.ts";
import type { Tools } from "./rule.ts";

/** Settings whose value git runs, or that switch its hooks or signatures off. */
const EXECUTES =
  /^(core\.(hookspath|sshcommand|pager|editor|fsmonitor|askpass|gitproxy|worktree|attributesfile)|pager\..*|alias\..*|diff\..*\.(command|textconv)|diff\.external|merge\..*\.driver|filter\..*|difftool\..*|mergetool\..*|credential\.(.*\.)?helper|gpg\.(.*\.)?program|commit\.gpgsign|tag\.gpgsign|gpg\.ssh\..*|include(if)?\..*|sequence\.editor|uploadpack\..*|receive\..*|protocol\..*|url\..*|remote\..*\.(uploadpack|receivepack|proxy|vcs)|http\.(.*\.)?(proxy|sslverify)|submodule\..*\.update|init\.templatedir|safe\..*|interactive\.difffilter|sendemail\..*|web\.browser|browser\..*|man\..*|instaweb\..*)$/i;

/** `alias.x=!rm -rf ~` and the like; an alias without `!` is a git command. */
export function judgeSetting(setting: string, scope: Scope, tools: Tools): void {
  const [key = "", ...rest] = setting.split("=");
  const value = rest.join("=");
  if (!isKnown(key)) return report(scope, "ask", "git-runs", "sets a git option that is only known when it runs");
  if (!EXECUTES.test(key) || isHarmless(key, value)) return;
  if (value.startsWith("!")) tools.script(value.slice(1), scope);
  report(scope, "deny", "git-runs", `git's ${key} runs programs or switches checks off`);
}

function isHarmless(key: string, value: string): boolean {
  if (/^(core\.pager|pager\.\w+|core\.editor|sequence\.editor)$/i.test(key))
    return /^(cat|less|more|true|:|false|0|1|)$/.test(value);
  if (/^(commit|tag)\.gpgsign$/i.test(key)) return value === "true";
  if (/^protocol\.version$/i.test(key)) return true;
  return /^core\.fsmonitor$/i.test(key) && /^(true|false|)$/.test(value);
}

const CONFIG_READS = "get get-all get-regexp list l get-urlmatch show-origin show-scope name-only".split(" ");

/** `git config`. */
export function judgeConfig(options: Options, scope: Scope, tools: Tools): void {
  const words =
    options.operands[0] === "set" || options.operands[0] === "unset" ? options.operands.slice(1) : options.operands;
  const isRead = hasAny(options, ...CONFIG_READS) || ["get", "list"].includes(options.operands[0] ?? "");
  const [key = "", value = ""] = words;
  const isUnset =
    options.operands[0] === "unset" ||
    ["unset", "unset-all", "remove-section", "rename-section", "edit", "e"].some((flag) => options.flags.has(flag));
  if (isRead || (words.length < 2 && !isUnset)) return;
  if (isUnset && /^(core\.hookspath|gpg|commit\.gpgsign|user\.signingkey)/i.test(key))
    report(scope, "deny", "guardrail", `removes git's ${key}`);
  if (hasAny(options, "global", "system")) report(scope, "ask", "git-runs", "changes git for every repository");
  if (!isUnset) judgeSetting(`${key}=${value}`, scope, tools);
}
