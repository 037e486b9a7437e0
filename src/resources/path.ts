// What files and directories share: how a path is observed, and who must exist to own it.
import { z } from "zod";
import type { Ref, Verdict } from "./kind.ts";
import { StatAnswer, type Answer, type NoAnswer } from "./query.ts";

export const pathObserved = z.strictObject({
  type: z.enum(["absent", "file", "directory", "symlink", "other"]),
  mode: z.string().meta({ description: "Octal, four digits; empty when absent" }),
  owner: z.string(),
  group: z.string(),
  digest: z.string().meta({ description: "SHA-256 of a file, or a keyed digest where the text is a secret" }),
  content: z.string().optional().meta({ description: "The text, where it is UTF-8, not secret and small" }),
});
export type PathObserved = z.infer<typeof pathObserved>;

export const absentPath: PathObserved = { type: "absent", mode: "", owner: "", group: "", digest: "" };

/** Normalises a stat answer: no times, sizes, inodes or link targets. */
export function readPath(answer: Answer): PathObserved | NoAnswer {
  if ("unobservable" in answer) return answer;
  const { type, mode, owner, group, digest, content } = StatAnswer.parse(answer);
  const text = content === undefined ? {} : { content };
  return { type, mode: mode ?? "", owner: owner ?? "", group: group ?? "", digest: digest ?? "", ...text };
}

/** The user and group that own the path, unless every host has them. */
export function identity(wanted: { readonly owner: string; readonly group: string }): Ref[] {
  const refs: Ref[] = [`user:${wanted.owner}`, `group:${wanted.group}`];
  return refs.filter((ref) => !ref.endsWith(":root"));
}

/** Every directory above a path: those that are wanted are made first, the others are not looked at. */
export function parents(path: string): Ref[] {
  const steps = path.split("/").slice(1, -1);
  return steps.map((_, depth) => `directory:/${steps.slice(0, depth + 1).join("/")}` as const);
}

/** Something of another type stands at the path: it is not ours to replace. */
export function unownedTree(path: string, found: string, wanted: string): Verdict {
  return {
    verdict: "refused",
    what: `${path} is a ${found === "other" ? "special file" : found}, and a ${wanted} is wanted there`,
    fix: `look at it on the host and move it away: sudo mv ${path} ${path}.before-demesne`,
  };
}
