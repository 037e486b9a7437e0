// Every call goes into a ledger outside the work tree before it is answered. Who may write as this user may also rewrite
// it: only a signed checkpoint kept elsewhere shows that (docs/guard.md).
import { basename, join } from "node:path";
import { appendSync } from "../ledger/append.ts";
import { sha256Hex } from "../ledger/sha256.ts";
import type { Decision } from "./decision.ts";
import type { HookEvent } from "./event.ts";
import { redact, redactInput } from "./redact.ts";

/** How long other hooks may hold the ledger before this call is denied. */
const WAIT_MS = 4000;

/** The ledger's folder for an estate: by its place, so that two clones do not share one. */
export function auditFolder(root: string, home: string): string {
  const place = sha256Hex(new TextEncoder().encode(root)).slice(0, 12);
  return join(home, ".local/state/demesne/guard", `${basename(root).replaceAll(/[^\w.-]/g, "_")}-${place}`);
}

/** Throws Problem when it cannot be written in time: the call must then be denied. */
export function audit(folder: string, event: HookEvent, decision: Decision, now: number): void {
  const record = {
    kind: "guard.call",
    event: event.event,
    session: redact(event.session),
    cwd: redact(event.cwd),
    tool: redact(event.tool),
    input: redactInput(event.input),
    verdict: decision.verdict,
    findings: decision.findings.map(({ verdict, rule, what }) => ({ verdict, rule, what: redact(what) })),
  };
  appendSync(folder, [record], { now, waitMs: WAIT_MS });
}
