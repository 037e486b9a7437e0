// Reads what an operator wrote: a text file, and YAML that a schema describes. Everything that is wrong is told with its line.
import { readFileSync } from "node:fs";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { Problem } from "../lib/problem.ts";

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: "is not there",
  EISDIR: "is a folder, not a file",
  EACCES: "cannot be read by this user",
};

/** Throws Problem, with this fix, when the file cannot be read. */
export function readText(file: string, fix: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
    const what = UNREADABLE[reason] ?? `cannot be read (${reason})`;
    throw new Problem({ code: "usage", where: file, what, fix, cause });
  }
}

type Fault = { readonly where: string; readonly what: string };

/** Throws Problem when the text is no YAML or not what the schema asks for: the first fault in full, the others after its fix. */
export function parseYaml<T>(schema: z.ZodType<T>, file: string, text: string): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const broken = document.errors.map((error) => ({
    where: `${file}:${lines.linePos(error.pos[0]).line}`,
    what: error.message.split("\n")[0] ?? "is not YAML",
  }));
  if (broken.length > 0) throw problem(file, broken);
  const parsed = schema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  throw problem(
    file,
    parsed.error.issues.flatMap(placesOf).map(({ path, what }) => ({
      where: `${file}:${lineOf(path)} ${path.join("/")}`.trimEnd(),
      what,
    })),
  );

  function lineOf(path: readonly PropertyKey[]): number {
    // The deepest node that exists: a missing key has no line of its own.
    for (let depth = path.length; depth > 0; depth--) {
      const node: unknown = document.getIn(path.slice(0, depth), true);
      if (typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range)) {
        return lines.linePos(Number(node.range[0])).line;
      }
    }
    return 1;
  }
}

/** A key that nobody knows is at fault itself, not what it stands in. */
function placesOf(issue: z.core.$ZodIssue): { readonly path: readonly PropertyKey[]; readonly what: string }[] {
  if (issue.code !== "unrecognized_keys") return [{ path: issue.path, what: issue.message }];
  return issue.keys.map((key) => ({ path: [...issue.path, key], what: "is not a known field" }));
}

const LISTED = 20;

function problem(file: string, [first, ...others]: readonly Fault[]): Problem {
  const { where, what } = first ?? { where: file, what: "is not understood" };
  const lines = others.slice(0, LISTED).map((fault) => `\n  ${fault.where}: ${fault.what}`);
  const rest = others.length > LISTED ? `\n  and ${others.length - LISTED} more` : "";
  const more = others.length === 0 ? "" : `\n${others.length} more:${lines.join("")}${rest}`;
  return new Problem({ code: "usage", where, what, fix: `edit ${file}${more}` });
}
