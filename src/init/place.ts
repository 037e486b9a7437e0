// What is at the place that an estate shall be written to: nothing, an unfinished one, a finished one, or something else.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Problem } from "../lib/problem.ts";
import { Answers } from "./answers.ts";

/** Written first and finished last, so that a run that was stopped can be told from one that was not. */
export const NOTE = ".demesne/init.json";

export const Note = z.strictObject({
  format: z.literal(1),
  version: z.string().meta({ description: "the Demesne that began it" }),
  answers: Answers,
  until: z.iso.date().meta({ description: "the last day of the waivers" }),
  isFinished: z.boolean(),
});
export type Note = z.infer<typeof Note>;

export type Place =
  | { readonly kind: "empty" }
  | { readonly kind: "unfinished"; readonly note: Note }
  | { readonly kind: "finished"; readonly note: Note };

/** Throws Problem `refused` where something is that init did not begin. */
export async function placeOf(folder: string): Promise<Place> {
  const names = await namesIn(folder);
  if (names === undefined) return { kind: "empty" };
  const text = await readFile(join(folder, NOTE), "utf8").catch(() => undefined);
  if (text === undefined) return await withoutNote(folder, names);
  const note = Note.safeParse(parseJson(text));
  if (!note.success) {
    const fix = `put it back: git checkout ${NOTE}; or name another folder`;
    throw new Problem({ code: "refused", where: join(folder, NOTE), what: "is not what init writes", fix });
  }
  return { kind: note.data.isFinished ? "finished" : "unfinished", note: note.data };
}

/** A repository without files is empty; so is a run that was stopped before its note stood. */
async function withoutNote(folder: string, names: readonly string[]): Promise<Place> {
  const stranger = names.find((name) => name !== ".git" && name !== ".demesne");
  const begun = names.includes(".demesne") ? ((await namesIn(join(folder, ".demesne"))) ?? []) : [];
  if (stranger === undefined && begun.every((name) => name === "init.new")) return { kind: "empty" };
  if (names.includes("estate.yaml")) {
    const fix =
      "edit its files; init only writes new estates. To see a new one, name an empty folder: demesne init DIR";
    throw new Problem({ code: "refused", where: folder, what: "holds an estate already", fix });
  }
  const fix = "name a folder that is empty or does not exist: demesne init DIR";
  const what = `is not empty: ${stranger ?? ".demesne"} is there, and nothing is written among other files`;
  throw new Problem({ code: "refused", where: folder, what, fix });
}

/** Sorted; undefined when there is no such folder. */
async function namesIn(folder: string): Promise<readonly string[] | undefined> {
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT") return undefined;
    const what = code === "ENOTDIR" ? "is a file, not a folder" : "cannot be looked into";
    throw new Problem({ code: "refused", where: folder, what, fix: "name another folder: demesne init DIR", cause });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
