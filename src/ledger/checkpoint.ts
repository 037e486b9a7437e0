// A checkpoint says how long a ledger is and what it holds, in the text of C2SP tlog-checkpoint: origin, size, RFC 6962
// root over the entries, and as an extension line the hash of the last entry, which sha256sum alone can compare.
import { z } from "zod";
import { Problem } from "../lib/problem.ts";

export const Checkpoint = z.strictObject({
  origin: z
    .string()
    .regex(/^[^\n+]+$/)
    .meta({ description: "Which ledger this is of, unique in its organisation", examples: ["harbour/control/apply"] }),
  size: z.int().min(0).meta({ description: "Number of entries, pruned ones included" }),
  root: z.base64().meta({ description: "RFC 6962 Merkle root over the entries' bytes, base64" }),
  head: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .meta({ description: "Hash of the last entry" }),
});
export type Checkpoint = z.infer<typeof Checkpoint>;

export function printCheckpoint(checkpoint: Checkpoint): string {
  const { origin, size, root, head } = checkpoint;
  return `${origin}\n${size}\n${root}\nhead ${head}\n`;
}

/** Throws Problem when the text is not a checkpoint of this form. */
export function parseCheckpoint(text: string, where: string): Checkpoint {
  const [, origin, size, root, head] = /^([^\n]+)\n(0|[1-9]\d{0,15})\n([^\n]+)\nhead ([^\n]+)\n$/.exec(text) ?? [];
  const parsed = Checkpoint.safeParse({ origin, size: Number(size), root, head });
  if (parsed.success) return parsed.data;
  throw new Problem({
    code: "ledger",
    where,
    what: "should be a checkpoint: origin, size, root and head, a line each",
    fix: "take the checkpoint from the place where it was kept",
  });
}
