// Writes what follows from schemas and commands: schema/*.json and docs/reference/*.md. With --check it writes nothing
// and fails on a difference.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { commandPages } from "./command-pages.ts";
import { resourcePages } from "./resource-pages.ts";
import { schemaPages } from "./schema-pages.ts";

/** A file that is written whole, and never by hand. */
export type Page = { readonly path: string; readonly text: string };

const root = join(import.meta.dirname, "..");
/** Everything in these folders is generated: what no page claims is left over. */
const folders = ["schema", "docs/reference"];

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const pages: readonly Page[] = [...(await schemaPages(root)), ...(await commandPages()), ...resourcePages()];
const outdated = await filter(pages, async (page) => (await textOf(page.path)) !== page.text);
const leftOver = (await files()).filter((path) => !pages.some((page) => page.path === path));

if (!values.check) {
  for (const page of outdated) await write(page);
  for (const path of leftOver) await rm(join(root, path));
  console.log(`generated: ${pages.length} files, ${outdated.length} written, ${leftOver.length} removed`);
} else if (outdated.length + leftOver.length > 0) {
  for (const page of outdated) console.error(`${page.path}: differs from what its schema or command says`);
  for (const path of leftOver) console.error(`${path}: belongs to no schema and no command`);
  console.error("fix: npm run generate");
  process.exitCode = 1;
}

async function filter<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<readonly T[]> {
  const answers = await Promise.all(items.map(holds));
  return items.filter((_, index) => answers[index]);
}

async function textOf(path: string): Promise<string | undefined> {
  return await readFile(join(root, path), "utf8").catch(() => undefined);
}

async function files(): Promise<readonly string[]> {
  const listed = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(join(root, folder)).catch(() => []);
      return names.map((name) => `${folder}/${name}`);
    }),
  );
  return listed.flat();
}

async function write(page: Page): Promise<void> {
  const path = join(root, page.path);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, page.text);
}
