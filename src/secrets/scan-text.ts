// Finds secrets in one piece of text: one pass for the fixed beginnings, a closer look only there.
import { findAssignment } from "./scan-assignment.ts";
import { entropyOf, isPlaceholder } from "./scan-entropy.ts";
import { secretRules } from "./scan-rules.ts";
import { startFinder } from "./scan-starts.ts";
import type { Hit, SecretRule } from "./scan-rules.ts";

const ASSIGNMENT_STARTS = [
  "assw",
  "ASSW",
  "ecret",
  "ECRET",
  "oken",
  "OKEN",
  "_key",
  "_KEY",
  "-key",
  "Key",
  "redential",
  "REDENTIAL",
];

const byStart = new Map<string, readonly SecretRule[]>();
for (const rule of secretRules)
  for (const start of rule.starts) byStart.set(start, [...(byStart.get(start) ?? []), rule]);

const starts = startFinder([...byStart.keys(), ...ASSIGNMENT_STARTS]);

/** All secrets in a text, in order. A whole file or a block of a diff; the caller knows what stands where. */
export function secretsIn(text: string): Hit[] {
  const hits: Hit[] = [];
  let end = 0;
  // Beginnings may overlap (`://` after a word, `Key` in `AccountKey=`): the search goes on one character later.
  for (let found = starts.next(text, 0); found !== undefined; found = starts.next(text, found.at + 1)) {
    const hit = hitAt(text, found.at, found.start);
    // Overlapping rules tell the same secret once.
    if (hit === undefined || hit.at < end) continue;
    hits.push(hit);
    end = hit.at + hit.length;
  }
  return hits;
}

function hitAt(text: string, index: number, start: string): Hit | undefined {
  for (const rule of byStart.get(start) ?? []) {
    if (isInsideWord(text, index, start)) continue;
    rule.pattern.lastIndex = index + start.length;
    const match = rule.pattern.exec(text);
    if (match === null) continue;
    const secret = match.groups?.["secret"];
    if (rule.entropy !== undefined && entropyOf(secret ?? match[0]) < rule.entropy) continue;
    if (isPlaceholder(secret ?? start + match[0])) continue;
    return { rule: rule.id, what: rule.what, at: index, length: start.length + match[0].length };
  }
  if (!ASSIGNMENTS.has(start)) return undefined;
  return findAssignment(text, index);
}

const ASSIGNMENTS = new Set(ASSIGNMENT_STARTS);

/** A key's beginning in the middle of a word (`task-ant-`, base64) is no key's beginning. */
function isInsideWord(text: string, index: number, start: string): boolean {
  return /^[A-Za-z0-9]/.test(start) && index > 0 && /[A-Za-z0-9_]/.test(text[index - 1] ?? "");
}
