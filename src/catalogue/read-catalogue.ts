// The catalogue as it lies beside the program: one folder a service, and the secrets that they need.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CATALOGUE = fileURLToPath(new URL("../../catalogue", import.meta.url));
const SECRETS = "secrets.example.yaml";
/** What a service is made from that is in no catalogue. */
const TEMPLATE = "_template";

export type Entry = {
  readonly name: string;
  /** Text of each of its files. */
  readonly texts: ReadonlyMap<string, string>;
};

export type Catalogue = {
  readonly entries: readonly Entry[];
  readonly template: Entry;
  /** Text of the file that lists their secrets. */
  readonly secrets: string;
};

export async function readCatalogue(): Promise<Catalogue> {
  const names = (await readdir(CATALOGUE, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const entries = await Promise.all(
    names
      .map(({ name }) => name)
      .sort()
      .map(async (name) => await readEntry(join(CATALOGUE, name), name)),
  );
  const template = entries.find(({ name }) => name === TEMPLATE);
  if (template === undefined) throw new TypeError(`the catalogue has no ${TEMPLATE}`);
  return {
    entries: entries.filter((entry) => entry !== template),
    template: { ...template, name: "template" },
    secrets: await readFile(join(CATALOGUE, SECRETS), "utf8"),
  };
}

/** The files of one folder; a service has no folders inside. */
export async function readEntry(folder: string, name: string): Promise<Entry> {
  const files = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
  const texts = await Promise.all(
    files.map(async (file) => [file.name, await readFile(join(folder, file.name), "utf8")] as const),
  );
  return { name, texts: new Map(texts.sort(([one], [other]) => (one < other ? -1 : 1))) };
}
