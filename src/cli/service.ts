// demesne service: takes a service out of the catalogue (or the template) into the estate, and lists both.
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import { type Entry, newService, type NewService, readCatalogue, readEntry } from "../catalogue/index.ts";
import { loadEstate } from "../estate/index.ts";
import { Problem } from "../lib/problem.ts";
import { command, type Context } from "./command.ts";
import type { ExitName } from "./exit.ts";
import { lintEstate } from "./linted.ts";
import { renderServices } from "./render/services.ts";
import { renderLinted } from "./render/lint.ts";
import { writeWhole } from "./write-whole.ts";

const ServiceOptions = z.strictObject({
  from: z.string().optional().meta({ description: "new: the catalogue's entry to start from", placeholder: "entry" }),
  estate: z.string().default(".").meta({ description: "the estate's folder", placeholder: "folder" }),
  json: z.boolean().optional().meta({ description: "list: print as JSON" }),
});
type Options = z.infer<typeof ServiceOptions>;

export const service = command({
  name: "service",
  summary: "new, list: take a service out of the catalogue into the estate",
  arguments: [
    { name: "action", description: "new or list", default: "list" },
    { name: "name", description: "new: what it is to be called", default: "" },
  ],
  options: ServiceOptions,
  exits: ["done", "usage", "estate", "prerequisite", "refused", "failed", "interrupted"],
  run: runService,
});

async function runService(
  context: Context,
  [action = "list", name = ""]: readonly string[],
  options: Options,
): Promise<ExitName> {
  if (action === "list") return await list(context, options);
  if (action === "new") return await add(context, name, options);
  const fix = "demesne service list";
  throw new Problem({ code: "usage", where: `service ${action}`, what: "should be new or list", fix });
}

async function list({ out, signal }: Context, { estate, json }: Options): Promise<ExitName> {
  const { entries } = await readCatalogue();
  const here = existsSync(join(estate, "estate.yaml")) ? (await loadEstate(estate, { signal })).services : [];
  const services = here.map(({ name, host, tier, state, dataClass }) => ({ name, host, tier, state, dataClass }));
  const catalogue = entries.map(({ name, texts }) => ({ name, about: aboutOf(texts.get("README.md") ?? "") }));
  out(json === true ? `${JSON.stringify({ format: 1, services, catalogue })}\n` : renderServices(services, catalogue));
  return "done";
}

/** The first sentence of its README. */
function aboutOf(readme: string): string {
  const text = readme.replace(/^# .*\n+/, "").split("\n\n")[0] ?? "";
  return (/^.*?[^\d](?=[.:](?:\s|$))/s.exec(text)?.[0] ?? text).replaceAll("\n", " ");
}

async function add({ out, signal }: Context, name: string, { estate: folder, from }: Options): Promise<ExitName> {
  const root = resolve(folder);
  const place = join(root, "services", name);
  if (name !== "" && existsSync(place)) throw isThere(place);
  const estate = await loadEstate(root, { signal });
  const { entries, template, secrets } = await readCatalogue();
  const entry = from === undefined ? await templateOf(root, template) : entryOf(from, entries);
  const present = {
    estate: await readFile(join(root, "estate.yaml"), "utf8"),
    lock: await readFile(join(root, "inventory/images.lock.yaml"), "utf8"),
    secrets: await readFile(join(root, "inventory/secrets.example.yaml"), "utf8"),
  };
  const made = newService({ name, entry, secrets, estate, present });
  await write(root, name, made);
  for (const path of made.texts.keys()) out(`wrote ${path}\n`);
  for (const question of made.questions) out(`open: ${question}\n`);
  const { findings } = await lintEstate(root, signal);
  for (const finding of findings.filter(({ file }) => file.startsWith(`services/${name}/`)))
    out(`${renderLinted(finding)}\n`);
  out(`next: demesne secrets edit (new values), demesne images check, demesne lint, demesne rehearse\n`);
  return "done";
}

/** The folder appears whole; what the estate's own files gain is written before, and harms nobody without it. */
async function write(root: string, name: string, { texts }: NewService): Promise<void> {
  const staged = join(root, "services", `_${name}.${process.pid}.new`);
  const place = join(root, "services", name);
  const isOwn = (path: string): boolean => path.startsWith(`services/${name}/`);
  try {
    await mkdir(staged, { recursive: true });
    for (const [path, text] of texts)
      if (isOwn(path)) await writeFile(join(staged, basename(path)), text, { flush: true });
    for (const [path, text] of texts) if (!isOwn(path)) await writeWhole(join(root, path), text);
    if (existsSync(place)) throw isThere(place);
    await rename(staged, place);
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

/** The estate's own, where it has one. */
async function templateOf(root: string, template: Entry): Promise<Entry> {
  const own = join(root, "services/_template");
  return existsSync(own) ? await readEntry(own, template.name) : template;
}

function entryOf(name: string, entries: readonly Entry[]): Entry {
  const found = entries.find((entry) => entry.name === name);
  if (found !== undefined) return found;
  const fix = `choose one of: ${entries.map((entry) => entry.name).join(", ")}`;
  throw new Problem({ code: "usage", where: `--from ${name}`, what: "is not in the catalogue", fix });
}

function isThere(where: string): Problem {
  const fix = "choose another name, or change what is there; nothing is overwritten";
  return new Problem({ code: "refused", where, what: "is there already", fix });
}
