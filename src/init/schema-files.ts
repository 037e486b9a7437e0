// The JSON Schemas that an editor checks the estate's files with: copies of this version's, generated, never edited.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { schemas } from "../estate/index.ts";
import type { Texts } from "./fill.ts";

const FOLDER = ".demesne/schema";

/** Text of each schema by its path in the estate. */
export async function schemaTexts(): Promise<Texts> {
  const ours = schemas.map(({ name }) => [name, new URL(`../../schema/${name}.json`, import.meta.url)] as const);
  const all = [...ours, ["sops", new URL("sops-schema.json", import.meta.url)] as const];
  return new Map(
    await Promise.all(all.map(async ([name, url]) => [`${FOLDER}/${name}.json`, await readFile(url, "utf8")] as const)),
  );
}

/** Paths of the schemas in an estate that are missing or are not those of this version. */
export async function staleSchemas(root: string): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const [path, text] of await schemaTexts()) {
    const found = await readFile(join(root, path), "utf8").catch(() => undefined);
    if (found !== text) stale.push(path);
  }
  return stale;
}
