// The texts that an estate begins with: the template beside this file, services of the catalogue, and this version's schemas.
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Texts } from "./fill.ts";

const TEMPLATE = fileURLToPath(new URL("template", import.meta.url));
const CATALOGUE = fileURLToPath(new URL("../../catalogue", import.meta.url));
/** Services of every new estate, and the template from which `demesne service new` makes others. */
const SERVICES = ["gateway", "open-webui", "embeddings", "presidio", "vllm", "_template"];
const LOCK = "inventory/images.lock.yaml";

/** Names that would mean something to npm or git where the template lies. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: ".gitignore" };

/** Text of every file by its path in the estate, before any answer. */
export async function templateTexts(): Promise<Texts> {
  const texts = new Map<string, string>();
  for (const path of await filesIn(TEMPLATE)) {
    texts.set(RENAMED[path] ?? path, await readFile(join(TEMPLATE, path), "utf8"));
  }
  for (const name of SERVICES) {
    for (const path of await filesIn(join(CATALOGUE, name))) {
      const file = `services/${name}/${path}`;
      texts.set(file, schemaHere(file, await readFile(join(CATALOGUE, name, path), "utf8")));
    }
  }
  return texts.set(LOCK, `${texts.get(LOCK) ?? ""}${lockOf(texts)}`);
}

/** Sorted, so that two runs write in one order. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
}

/** A file of the catalogue names its schema by where it lies there. */
function schemaHere(file: string, text: string): string {
  const way = relative(dirname(file), ".demesne/schema");
  return text.replace(/^(# yaml-language-server: \$schema=)\S*\/([a-z-]+\.json)$/m, `$1${way}/$2`);
}

/** One line for each image that a service pins. */
function lockOf(texts: Texts): string {
  const pins = [...texts].flatMap(([file, text]) =>
    file.endsWith("/compose.yaml") && !file.includes("/_")
      ? [...text.matchAll(/^ +image: (\S+)@(sha256:[0-9a-f]{64})$/gm)]
      : [],
  );
  return pins
    .map(([, tag = "", digest = ""]) => `  ${tag}: ${digest}\n`)
    .sort()
    .join("");
}
