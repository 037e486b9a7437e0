// Reads case files: one folder a topic, one file a behaviour, its name the sentence that the test is called by.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { z } from "zod";

type CaseFile<T> = { readonly sentence: string; readonly given: T };

/** Every case of a topic. Throws when the folder is empty: tests that are not there would pass. */
export function readCases<T>(topic: string, schema: z.ZodType<T>): readonly CaseFile<T>[] {
  const folder = join(import.meta.dirname, topic);
  const files = readdirSync(folder).filter((each) => each.endsWith(".json"));
  if (files.length === 0) throw new Error(`no cases in ${topic}`);
  return files.sort().map((file) => ({
    sentence: basename(file, ".json").replaceAll("-", " "),
    given: parse(join(folder, file), schema),
  }));
}

/** One file below test/cases, such as `captures/debian-13/units`. */
export function readCase<T>(path: string, schema: z.ZodType<T>): T {
  return parse(join(import.meta.dirname, `${path}.json`), schema);
}

function parse<T>(path: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(JSON.parse(readFileSync(path, "utf8")));
  if (parsed.success) return parsed.data;
  throw new Error(`${path}: ${parsed.error.message}`);
}
