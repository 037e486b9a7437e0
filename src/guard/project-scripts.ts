// Commands that a project keeps in its files: package.json's scripts, make's and just's recipes.
import { join } from "node:path";
import { UNKNOWN } from "./field.ts";
import { textOf } from "./files.ts";
import { locate } from "./places.ts";
import { inner, type Scope } from "./scope.ts";
import type { Tools } from "./rule.ts";

/** Judges a script with what runs before and after it; answers whether there is one. */
export function judgePackageScript(name: string, scope: Scope, tools: Tools): boolean {
  const scripts = readScripts(scope);
  let found = false;
  for (const key of [`pre${name}`, name, `post${name}`]) {
    const text = scripts[key];
    if (typeof text !== "string") continue;
    found = true;
    // A script may run itself by another script: the depth ends it.
    tools.script(text, inner(scope));
  }
  return found;
}

function readScripts(scope: Scope): Record<string, unknown> {
  const text = textOf(locate("package.json", scope), scope);
  if (typeof text !== "string") return {};
  try {
    const value: unknown = JSON.parse(text);
    const scripts = typeof value === "object" && value !== null && "scripts" in value ? value.scripts : undefined;
    return typeof scripts === "object" && scripts !== null ? { ...scripts } : {};
  } catch {
    return {};
  }
}

/** Every recipe line, whatever the target: make's own language decides which run. */
export function judgeMakefile(file: string | undefined, folder: string, scope: Scope, tools: Tools): void {
  const names =
    file === undefined
      ? ["GNUmakefile", "makefile", "Makefile", "justfile", ".justfile"].map((name) => join(folder, name))
      : [file];
  const text = names.map((name) => textOf(locate(name, scope), scope)).find((found) => typeof found === "string");
  if (typeof text !== "string") return;
  const lines = text.replaceAll("\\\n", " ").split("\n");
  for (const line of lines.filter((one) => /^(\t| {2,})\S/.test(one))) judgeRecipe(line, scope, tools);
  for (const [, command] of text.matchAll(/\$\(shell ([^)]*)\)/g)) judgeRecipe(command ?? "", scope, tools);
}

function judgeRecipe(line: string, scope: Scope, tools: Tools): void {
  const command = line
    .trim()
    .replace(/^[@+-]+/, "")
    .replaceAll(/\$\([^()]*\)|\$\{[^{}]*\}|\{\{[^{}]*\}\}|\$[@<^?*%]/g, UNKNOWN)
    .replaceAll("$$", "$");
  const findings: Scope["findings"] = [];
  tools.script(command, inner(scope, { findings }));
  // Lines of make's own language are not shell; only what was understood counts.
  scope.findings.push(...findings.filter((finding) => finding.verdict === "deny" && finding.rule !== "unparsable"));
}
