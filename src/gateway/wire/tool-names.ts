// Tool names on the chat side have at most 64 characters; longer ones are cut, told apart by a digest, and mapped back.
import { createHash } from "node:crypto";

const LONGEST = 64;

export function chatToolName(name: string): string {
  if (name.length <= LONGEST) return name;
  return `${name.slice(0, LONGEST - 9)}_${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
}

/** From the name the worker uses to the name the client knows. */
export type ToolNames = ReadonlyMap<string, string>;

export function toolNames(names: readonly string[]): ToolNames {
  return new Map(names.map((name) => [chatToolName(name), name]));
}
