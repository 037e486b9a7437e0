// git's commands, one by one: what loses work, what rewrites history, what leaves the machine.
import { hasAny, hasLong, type Options } from "./call.ts";
import { judgePatch } from "./file-rules.ts";
import { judgeRead, judgeRemoval } from "./files.ts";
import { isKnown, UNKNOWN } from "./field.ts";
import { judgeConfig, judgeSetting } from "./git-settings.ts";
import { report, type Scope } from "./scope.ts";
import type { Tools } from "./rule.ts";

type Verb = (options: Options, scope: Scope, rest: readonly string[], tools: Tools) => void;

export const VALUED: Record<string, readonly string[]> = {
  push: ["o", "push-option", "receive-pack", "exec", "repo", "force-with-lease"],
  commit: [
    "m",
    "F",
    "C",
    "c",
    "message",
    "file",
    "author",
    "date",
    "t",
    "template",
    "fixup",
    "squash",
    "cleanup",
    "trailer",
  ],
  clean: ["e", "exclude"],
  clone: [
    "b",
    "branch",
    "depth",
    "c",
    "config",
    "o",
    "origin",
    "u",
    "upload-pack",
    "template",
    "reference",
    "separate-git-dir",
  ],
  restore: ["s", "source"],
  config: ["f", "file", "blob", "type", "default"],
  rebase: ["x", "exec", "onto", "s", "strategy", "X"],
  bisect: [],
  submodule: ["b", "branch", "name", "reference", "depth"],
};

const ask =
  (what: string): Verb =>
  (_, scope) =>
    report(scope, "ask", "git-loss", what);
const deny =
  (what: string): Verb =>
  (_, scope) =>
    report(scope, "deny", "git-history", what);

export const VERBS: Record<string, Verb> = {
  push: (options, scope) => {
    const isForced =
      hasAny(options, "f", "d") ||
      ["force", "force-with-lease", "mirror", "delete", "prune", "force-if-includes"].some((name) =>
        hasLong(options, name),
      );
    const refs = options.operands.slice(1);
    const runs = ["receive-pack", "exec"].some((name) => options.values.has(name));
    if (runs) report(scope, "deny", "git-runs", "git push runs a program of its caller's choice");
    else if (isForced || refs.some((ref) => /^\+|^:.+/.test(ref)))
      report(scope, "deny", "git-history", "git push rewrites or removes what others have");
    else if (!hasLong(options, "dry-run") && !hasAny(options, "n"))
      report(scope, "ask", "push", "git push publishes commits");
  },
  commit: (options, scope) => {
    if (hasAny(options, "n") || hasLong(options, "no-verify"))
      report(scope, "deny", "guardrail", "git commit goes past the hooks");
    for (const file of [...(options.values.get("F") ?? []), ...(options.values.get("file") ?? [])])
      judgeRead(file, scope, "git commit");
  },
  merge: (options, scope) => {
    if (hasLong(options, "no-verify")) report(scope, "deny", "guardrail", "git merge goes past the hooks");
  },
  reset: (options, scope) => {
    if (
      ["hard", "merge", "keep"].some((name) => options.flags.has(name) || (name === "hard" && hasLong(options, name)))
    ) {
      report(scope, "ask", "git-loss", "git reset throws changes away");
    }
  },
  clean: (options, scope) => {
    const isForced = hasAny(options, "f") || hasLong(options, "force") || !isKnown([...options.flags].join(""));
    if (!isForced || hasAny(options, "n") || hasLong(options, "dry-run")) return;
    const takesIgnored = hasAny(options, "x", "X");
    report(
      scope,
      takesIgnored ? "deny" : "ask",
      "git-loss",
      takesIgnored
        ? "git clean removes ignored files, secrets among them"
        : "git clean removes files that git does not know",
    );
  },
  checkout: (options, scope, rest) => {
    const isThrowing =
      hasAny(options, "f") || hasLong(options, "force") || rest.includes("--") || options.operands.includes(".");
    if (isThrowing) report(scope, "ask", "git-loss", "git checkout throws changes away");
  },
  restore: (options, scope) => {
    if (!hasLong(options, "staged") && !hasAny(options, "S"))
      report(scope, "ask", "git-loss", "git restore throws changes away");
    else if (hasLong(options, "worktree") || hasAny(options, "W"))
      report(scope, "ask", "git-loss", "git restore throws changes away");
  },
  switch: (options, scope) => {
    if (
      hasAny(options, "f", "C") ||
      ["force", "discard-changes", "force-create"].some((name) => options.flags.has(name))
    )
      report(scope, "ask", "git-loss", "git switch throws changes away");
  },
  branch: (options, scope) => {
    if (
      hasAny(options, "D", "M", "C") ||
      ((hasAny(options, "d") || hasLong(options, "delete")) && (hasAny(options, "f") || hasLong(options, "force")))
    ) {
      report(scope, "ask", "git-loss", "git branch removes commits that are nowhere else");
    }
  },
  tag: (options, scope) => {
    if (hasAny(options, "d", "f") || hasLong(options, "delete"))
      report(scope, "ask", "git-loss", "git tag removes or moves a tag");
  },
  stash: (options, scope) => {
    if (["drop", "clear"].includes(options.operands[0] ?? ""))
      report(scope, "ask", "git-loss", "git stash throws changes away");
  },
  reflog: (options, scope) => {
    if (["expire", "delete"].includes(options.operands[0] ?? ""))
      report(scope, "deny", "git-history", "git reflog forgets how to get back");
  },
  gc: (options, scope) => {
    if (options.values.get("prune")?.some((when) => /now|all|\d/.test(when)) === true)
      report(scope, "deny", "git-history", "git gc removes what could still be recovered");
  },
  prune: deny("git prune removes what could still be recovered"),
  "update-ref": (options, scope) => {
    if (hasAny(options, "d") || hasAny(options, "stdin"))
      report(scope, "deny", "git-history", "git update-ref removes references");
    else report(scope, "ask", "git-history", "git update-ref moves references");
  },
  "symbolic-ref": (options, scope) => {
    if (hasAny(options, "d") || options.operands.length > 1)
      report(scope, "ask", "git-history", "git symbolic-ref moves references");
  },
  "filter-branch": deny("git filter-branch rewrites history"),
  "filter-repo": deny("git filter-repo rewrites history"),
  replace: ask("git replace rewrites history"),
  "read-tree": ask("git read-tree overwrites the index"),
  "checkout-index": ask("git checkout-index overwrites files"),
  rebase: (options, scope, _, tools) => {
    for (const text of [...(options.values.get("x") ?? []), ...(options.values.get("exec") ?? [])])
      tools.script(text, scope);
    if (hasLong(options, "no-verify")) report(scope, "deny", "guardrail", "git rebase goes past the hooks");
  },
  bisect: (options, scope, rest, tools) => {
    if (options.operands[0] === "run") tools.call({ argv: rest.slice(1), stdin: undefined }, scope);
  },
  submodule: (options, scope, rest, tools) => {
    const at = rest.indexOf("foreach");
    if (at >= 0)
      tools.script(
        rest
          .slice(at + 1)
          .filter((arg) => arg !== "--recursive")
          .join(" "),
        scope,
      );
    if (options.operands[0] === "deinit" || options.operands[0] === "add")
      report(scope, "ask", "git-loss", `git submodule ${options.operands[0]}`);
  },
  worktree: (options, scope) => {
    if (options.operands[0] === "remove" && (hasAny(options, "f") || hasLong(options, "force")))
      report(scope, "ask", "git-loss", "git worktree remove --force throws changes away");
  },
  rm: (options, scope) => {
    if (hasLong(options, "cached")) return;
    for (const path of options.operands) judgeRemoval(path, scope, { isRecursive: hasAny(options, "r"), by: "git rm" });
  },
  clone: (options, scope, _, tools) => {
    for (const setting of [...(options.values.get("c") ?? []), ...(options.values.get("config") ?? [])])
      judgeSetting(setting, scope, tools);
    if (
      options.values.has("u") ||
      options.values.has("upload-pack") ||
      options.operands[0]?.startsWith("ext::") === true
    )
      report(scope, "deny", "git-runs", "git clone runs a program of its caller's choice");
  },
  fetch: (options, scope) => {
    if (hasLong(options, "upload-pack") || options.operands[0]?.startsWith("ext::") === true)
      report(scope, "deny", "git-runs", "git fetch runs a program of its caller's choice");
  },
  config: (options, scope, _, tools) => judgeConfig(options, scope, tools),
  apply: (options, scope) => {
    const files = options.operands.length === 0 ? [UNKNOWN] : options.operands;
    if (!hasLong(options, "check") && !options.flags.has("stat"))
      for (const file of files) judgePatch(judgeRead(file, scope, "git apply"), scope);
  },
  am: ask("git am applies patches"),
  credential: (options, scope) => {
    if (options.operands[0] === "fill") report(scope, "deny", "secret-read", "git credential prints a password");
  },
  "credential-store": (_, scope) => report(scope, "deny", "secret-read", "prints or changes stored passwords"),
  "send-email": ask("git send-email sends data out"),
  remote: (options, scope) => {
    if (["add", "set-url", "remove", "rm", "rename"].includes(options.operands[0] ?? ""))
      report(scope, "ask", "push", "changes where commits go");
  },
  "fast-import": ask("git fast-import rewrites history"),
};
