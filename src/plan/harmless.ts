// What stands on a host may not steer whatever shows it: control and direction characters are spelled out.
import { Plan } from "./plan-file.ts";

/** All but tab and new line. */
const STEERING = /(?![\t\n])[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff]/gu;

/** The same plan, to be shown and never to be applied. */
export function harmless(plan: Plan): Plan {
  return Plan.parse(spelledOut(plan));
}

function spelledOut(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(STEERING, spelled);
  if (Array.isArray(value)) return value.map(spelledOut);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, spelledOut(member)]));
}

function spelled(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
