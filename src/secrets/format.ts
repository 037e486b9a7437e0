// What a file format does for the codec: text -> tree and metadata, and back with slots replaced.
import { Problem } from "../lib/problem.ts";
import type { Branch, Leaf, Replacements } from "./tree.ts";

/** Map keys as text, list positions as numbers. */
export type Step = string | number;

export type ParsedFile = {
  /** One map for each document, without the `sops` member. */
  readonly branches: readonly Branch[];
  /** The `sops` member as plain data; undefined when there is none. */
  readonly metadata: unknown;
  /** The whole text with slots replaced and the `sops` member set, or left out. */
  render(slots: Replacements, metadata: Readonly<Record<string, unknown>> | undefined): string;
};

export type Format = {
  readonly name: "yaml" | "json" | "dotenv" | "binary";
  /** Throws Problem on what it cannot read without loss. */
  parse(text: string, where: string): ParsedFile;
  /** A plain text with one value set, added if its map exists or can be made. */
  set(text: string, path: readonly Step[], value: Leaf, where: string): string;
};

export const MAX_FILE_BYTES = 4 * 1024 * 1024;
export const MAX_SLOTS = 50_000;
export const MAX_DEPTH = 64;

export function unreadable(where: string, what: string, fix = "correct the file; nothing was written"): Problem {
  return new Problem({ code: "secret", where, what, fix });
}

export function tooLarge(where: string, what: string): Problem {
  return unreadable(where, what, "split the file, or remove aliases that multiply its content");
}
