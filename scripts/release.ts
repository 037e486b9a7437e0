// node scripts/release.ts VERSION: gathers changes/unreleased/*.md into CHANGELOG.md under that version, and removes them.
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

/** The changelog with a new section above the others. Throws Error for a version that is no version or is there already. */
export function released(changelog: string, fragments: readonly string[], version: string, date: string): string {
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) throw new Error(`${version}: should be a version such as 1.2.3`);
  if (changelog.includes(`\n## ${version} `)) throw new Error(`${version}: is in the changelog already`);
  if (fragments.length === 0) throw new Error("changes/unreleased: is empty, so there is nothing to release");
  const points = fragments.map((text) => `- ${text.trim().replaceAll("\n", "\n  ")}`);
  const section = `## ${version} - ${date}\n\n${points.join("\n")}\n`;
  const at = changelog.indexOf("\n## ");
  const [head, rest] = at < 0 ? [changelog, ""] : [changelog.slice(0, at), changelog.slice(at)];
  return `${head.replace(" There was no release yet.", "").trimEnd()}\n\n${section}${rest}`;
}

async function release(version: string): Promise<void> {
  const folder = join(root, "changes/unreleased");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".md")).sort();
  const fragments = await Promise.all(names.map(async (name) => await readFile(join(folder, name), "utf8")));
  const path = join(root, "CHANGELOG.md");
  const today = new Date().toISOString().slice(0, 10);
  await writeFile(path, released(await readFile(path, "utf8"), fragments, version, today));
  for (const name of names) await rm(join(folder, name));
  console.log(`${names.length} changes are in CHANGELOG.md; next: npm version --no-git-tag-version ${version}`);
}

if (import.meta.main) await release(process.argv[2] ?? "");
