// make, just and the package managers: they run what stands in the project's files.
import { join } from "node:path";
import { argsOf, programOf, readOptions } from "./call.ts";
import { judgeMakefile, judgePackageScript } from "./project-scripts.ts";
import { report } from "./scope.ts";
import type { Rule, Rules } from "./rule.ts";

const make: Rule = (call, scope, tools) => {
  const { operands, values } = readOptions(argsOf(call), [
    "f",
    "file",
    "makefile",
    "C",
    "directory",
    "j",
    "I",
    "o",
    "W",
  ]);
  const folder = values.get("C")?.[0] ?? values.get("directory")?.[0] ?? ".";
  const file = values.get("f")?.[0] ?? values.get("file")?.[0] ?? values.get("makefile")?.[0];
  for (const setting of operands.filter((word) => word.includes("="))) {
    if (/^(SHELL|\.SHELLFLAGS)=/.test(setting))
      report(scope, "deny", "interpreter", "make runs a shell of its caller's choice");
  }
  const evaluated = argsOf(call).find((arg) => arg.startsWith("--eval"));
  if (evaluated !== undefined) report(scope, "deny", "interpreter", "make --eval runs its argument");
  judgeMakefile(file === undefined ? undefined : join(folder, file), folder, scope, tools);
  return undefined;
};

const packageManager: Rule = (call, scope, tools) => {
  const [first = "", second = ""] = argsOf(call).filter((arg) => !arg.startsWith("-"));
  if (/^(publish|unpublish|deprecate|owner|token|login|adduser|access|dist-tag)$/.test(first))
    report(scope, "ask", "publish", `${programOf(call)} ${first} acts on the registry`);
  if (/^(run|run-script|rum|urn)$/.test(first)) judgePackageScript(second, scope, tools);
  else if (/^(test|t|tst|start|stop|restart)$/.test(first))
    judgePackageScript(first.startsWith("t") ? "test" : first, scope, tools);
  else if (/^(yarn|pnpm)$/.test(programOf(call))) judgePackageScript(first, scope, tools);
  return undefined;
};

const named = (names: string, rule: Rule): Rules => Object.fromEntries(names.split(" ").map((name) => [name, rule]));

export const projectRules: Rules = {
  ...named("make gmake just", make),
  ...named("npm pnpm yarn", packageManager),
};
