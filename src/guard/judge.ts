// From an event to a decision. A pure function of the event and of what the world shows of its files.
import { decide, type Decision } from "./decision.ts";
import type { HookEvent } from "./event.ts";
import { judgeRead, judgeWrite } from "./files.ts";
import { metadataAddress } from "./metadata.ts";
import { guardrailAt, isScratch, locate, secretAt } from "./places.ts";
import { openScope, report, TooDeep, type Scope } from "./scope.ts";
import { judgeScript } from "./shell.ts";
import type { World } from "./world.ts";

const MAX_COMMAND = 131_072;

/** Never throws for what stands in the event: too deep, too long and not understood are denials. */
export function judge(event: HookEvent, world: World): Decision {
  const scope = openScope(world, event.cwd);
  try {
    judgeTool(event, scope);
  } catch (error) {
    const isTooDeep = error instanceof TooDeep || error instanceof RangeError;
    report(
      scope,
      "deny",
      isTooDeep ? "too-deep" : "internal",
      isTooDeep ? "is nested or long beyond what can be judged" : `could not be judged: ${String(error)}`,
    );
  }
  return decide(scope.findings);
}

function judgeTool(event: HookEvent, scope: Scope): void {
  const text = (name: string): string | undefined => {
    const value = event.input[name];
    return typeof value === "string" ? value : undefined;
  };
  switch (event.tool) {
    case "Bash":
      return judgeBash(text("command"), event.input, scope);
    case "Read":
      return judgeFile(text("file_path"), scope, (path) => void judgeRead(path, scope, "Read"));
    case "Edit":
    case "MultiEdit":
    case "Write":
      return judgeFile(text("file_path"), scope, (path) =>
        judgeEdit(path, text("content") ?? text("new_string") ?? "", scope),
      );
    case "NotebookEdit":
      return judgeFile(text("notebook_path"), scope, (path) => judgeEdit(path, "", scope));
    case "WebFetch":
      return judgeFetch(text("url"), scope);
    default:
      return judgeStrings(event.input, scope, 0);
  }
}

function judgeBash(command: string | undefined, input: HookEvent["input"], scope: Scope): void {
  if (command === undefined) return report(scope, "deny", "unparsable", "a call without a command");
  if (command.length > MAX_COMMAND) return report(scope, "deny", "too-deep", "a command too long to be judged");
  if (command.includes("\0") || !command.isWellFormed() || /[\uE000-\uE003]/.test(command))
    return report(scope, "deny", "unparsable", "a command with characters that no command has");
  if (input["dangerouslyDisableSandbox"] === true) report(scope, "ask", "sandbox", "runs outside the sandbox");
  judgeScript(command, scope);
}

function judgeFile(path: string | undefined, scope: Scope, then: (path: string) => void): void {
  if (path === undefined || path.includes("\0") || /[\uE000-\uE003]/.test(path))
    return report(scope, "deny", "unparsable", "a call without a usable path");
  then(path);
}

function judgeEdit(path: string, content: string, scope: Scope): void {
  judgeWrite(path, scope, content);
  const place = locate(path, scope);
  if (secretAt(path, scope) !== undefined) report(scope, "ask", "secret-change", "writes a file that holds keys");
  else if (!place.startsWith(`${scope.world.root}/`) && !isScratch(place))
    report(scope, "ask", "outside", "writes outside the estate");
}

function judgeFetch(url: string | undefined, scope: Scope): void {
  if (url === undefined || !/^https?:\/\//i.test(url))
    return report(scope, "deny", "network", "fetches something that is not a web page");
  if (metadataAddress(url))
    report(scope, "deny", "metadata", "asks a machine's metadata service, which hands out credentials");
  if (/\/\/[^/]*@/.test(url)) report(scope, "ask", "secret-use", "fetches with a password in the address");
}

/** Other tools (mcp__...): whatever they do, they are not handed keys, guardrails or the metadata service. */
function judgeStrings(value: unknown, scope: Scope, depth: number): void {
  if (depth > 20) throw new TooDeep("nested too deep");
  if (typeof value === "string") return judgeString(value, scope);
  if (typeof value !== "object" || value === null) return;
  for (const member of Object.values(value)) judgeStrings(member, scope, depth + 1);
}

function judgeString(value: string, scope: Scope): void {
  if (metadataAddress(value))
    report(scope, "deny", "metadata", "asks a machine's metadata service, which hands out credentials");
  if (/\s/.test(value) || value.length > 4096) return;
  const path = value.replace(/^file:\/\//, "").replace(/^~(?=\/)/, scope.world.home);
  if (secretAt(path, scope) !== undefined)
    report(scope, "deny", "secret-read", "a tool is given a file that holds keys");
  if (guardrailAt(path, scope) !== undefined) report(scope, "ask", "guardrail", "a tool is given a guardrail");
}
