// Reading, writing and removing: the three things that commands do to files, whatever their names.
import { show, UNKNOWN } from "./field.ts";
import { guardrailAt, isSystem, locate, secretAt, weightOf } from "./places.ts";
import { report, type Scope } from "./scope.ts";

const DISK = /^\/dev\/(sd|hd|vd|xvd|nvme|mmcblk|disk|dm-|md|mapper\/|loop)/;
const SOCKET = /^\/dev\/(tcp|udp)\//;
const RULES_OF_WORK = /(^|\/)(CLAUDE(\.local)?|AGENTS)\.md$/;

/** Answers the file's text where it is known; a secret is denied, not looked at. */
export function judgeRead(field: string, scope: Scope, by: string): string {
  const path = locate(field, scope);
  if (SOCKET.test(path)) report(scope, "deny", "socket", "opens a network connection past every tool");
  const secret = secretAt(field, scope);
  if (secret !== undefined) {
    report(scope, "deny", "secret-read", `${by} reads ${secret}: ${show(field)}`);
    return UNKNOWN;
  }
  return textOf(path, scope) ?? UNKNOWN;
}

/** The text of a file: as this very command wrote it, or as it stands. */
export function textOf(path: string, scope: Scope): string | null | undefined {
  const written = scope.written.get(path);
  if (written !== undefined) return written;
  return scope.isRemote ? null : scope.world.read(path);
}

export function judgeWrite(field: string, scope: Scope, content: string): void {
  const path = locate(field, scope);
  const where = show(field);
  const guardrail = scope.isRemote ? undefined : guardrailAt(field, scope);
  if (SOCKET.test(path)) report(scope, "deny", "socket", "sends data over the network past every tool");
  else if (guardrail !== undefined) report(scope, "deny", "guardrail", `changes ${guardrail}: ${where}`);
  else if (DISK.test(path)) report(scope, "deny", "disk", `overwrites a disk: ${where}`);
  else if (isSystem(path)) report(scope, "deny", "system-write", `changes the machine: ${where}`);
  else if (RULES_OF_WORK.test(path)) report(scope, "ask", "rules-of-work", `changes the agent's rules: ${where}`);
  else if (path.startsWith(UNKNOWN) && path !== UNKNOWN && guardrailAt(path, scope) !== undefined) {
    report(scope, "ask", "guardrail", `may change a guardrail: ${where}`);
  }
  scope.written.set(path, (scope.written.get(path) ?? "") + content);
}

export type Removal = { readonly isRecursive: boolean; readonly by: string };

export function judgeRemoval(field: string, scope: Scope, { isRecursive, by }: Removal): void {
  const where = show(field);
  const guardrail = scope.isRemote ? undefined : guardrailAt(field, scope);
  if (guardrail !== undefined) return report(scope, "deny", "guardrail", `${by} removes ${guardrail}: ${where}`);
  if (DISK.test(locate(field, scope))) return report(scope, "deny", "disk", `${by} destroys a disk: ${where}`);
  const weight = weightOf(field, scope);
  if (weight === "everything") return report(scope, "deny", "removal", `${by} removes far too much: ${where}`);
  if (weight === "estate" && isRecursive) return report(scope, "deny", "removal", `${by} removes the estate: ${where}`);
  const secret = secretAt(field, scope);
  if (secret !== undefined) return report(scope, "ask", "removal", `${by} removes ${secret}: ${where}`);
  if (weight === "estate" || (isRecursive && weight !== "little")) {
    report(
      scope,
      "ask",
      "removal",
      `${by} removes ${weight === "unknown" ? "what is only known when it runs" : "much"}: ${where}`,
    );
  }
}

/** Modes, owners, attributes: harmless inside the estate, not on guardrails or the machine. */
export function judgeChange(field: string, scope: Scope, by: string): void {
  const guardrail = scope.isRemote ? undefined : guardrailAt(field, scope);
  const where = show(field);
  if (guardrail !== undefined) report(scope, "deny", "guardrail", `${by} changes ${guardrail}: ${where}`);
  else if (weightOf(field, scope) === "everything")
    // In a container that is mostly its own affair; on another machine the operator is asked about the way there.
    report(scope, scope.isRemote ? "ask" : "deny", "system-write", `${by} changes the machine: ${where}`);
}

/** A copy made now could be read under its new name later. */
export function judgeCopy(source: string, target: string, scope: Scope, by: string): void {
  const text = judgeRead(source, scope, by);
  judgeWrite(target, scope, text);
}
