// The programs that stand around each task: what a host starts tasks through, and what Ansible is watched by. A plan is bound
// to their texts, as it is to the probe's.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { digestJson } from "../lib/digest.ts";

const folders = ["ansible", "host"];

/** Digest of all of them; it changes when one of them does. */
export async function wrapperDigest(): Promise<string> {
  const texts = await Promise.all(folders.map(programsIn));
  return digestJson(Object.fromEntries(texts.flat()));
}

async function programsIn(folder: string): Promise<[string, string][]> {
  const path = join(import.meta.dirname, folder);
  const names = await readdir(path).catch(() => []);
  return await Promise.all(
    names
      .filter((name) => name.endsWith(".py"))
      .map(async (name): Promise<[string, string]> => [`${folder}/${name}`, await readFile(join(path, name), "utf8")]),
  );
}
