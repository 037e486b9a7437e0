// One call of the hook: a message in, an answer out. Whatever goes wrong on the way is a denial.
import { audit, auditFolder } from "./audit.ts";
import type { Decision } from "./decision.ts";
import { diskWorld } from "./disk-world.ts";
import { readEvent, type HookEvent } from "./event.ts";
import { judge } from "./judge.ts";

export type Answer = { readonly status: 0 | 2; readonly stdout: string; readonly stderr: string };

export type Surroundings = { readonly root: string; readonly home: string; readonly now: number };

const MAX_EVENT_BYTES = 1024 * 1024;

export function answer(readInput: () => Uint8Array, { root, home, now }: Surroundings): Answer {
  try {
    const bytes = readInput();
    if (bytes.length > MAX_EVENT_BYTES) return denied(["the call is too large to be judged"]);
    const event = readEvent(bytes);
    const decision = decideOn(event, { root, home, now });
    audit(auditFolder(root, home), event, decision, now);
    return spoken(decision);
  } catch (error) {
    return denied([`the guard could not do its work: ${error instanceof Error ? error.message : "unknown"}`]);
  }
}

function decideOn(event: HookEvent, { root, home }: Surroundings): Decision {
  if (event.event === "PreToolUse") return judge(event, diskWorld(root, home));
  const what = "guardrails do not change while a session runs; end it, change them, start again";
  return { verdict: "deny", findings: [{ verdict: "deny", rule: "guardrail", what }] };
}

function spoken(decision: Decision): Answer {
  const reasons = decision.findings.map(({ rule, what }) => `${what} (${rule})`);
  if (decision.verdict === "deny") return denied(reasons);
  if (decision.verdict === "silent") return { status: 0, stdout: "", stderr: "" };
  const hookSpecificOutput = {
    hookEventName: "PreToolUse",
    permissionDecision: "ask",
    permissionDecisionReason: `demesne guard: ${reasons.join("; ")}`.slice(0, 9000),
  };
  return { status: 0, stdout: JSON.stringify({ hookSpecificOutput }), stderr: "" };
}

/** Status 2 blocks in every version of the client, whatever stands on standard output. */
function denied(reasons: readonly string[]): Answer {
  return { status: 2, stdout: "", stderr: `demesne guard denies this: ${reasons.join("; ")}\n`.slice(0, 9000) };
}
