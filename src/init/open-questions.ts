// The gate of open questions: what only a person can state is marked in the estate's files, until a person states it.
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** A text of the estate, by its path in it. */
export type Document = { readonly path: string; readonly text: string };

export type OpenQuestion = { readonly file: string; readonly line: number; readonly question: string };

/** In YAML in a comment, in Markdown anywhere but in code; it may run over several lines, and counts also when unclosed. */
const QUESTION = /(?<!`)\[question:((?:(?!\n[ \t]*\n)[^\]])*)/g;

/** Every question that is still open, by file and line. Pure. */
export function openQuestions(documents: readonly Document[]): readonly OpenQuestion[] {
  return documents.flatMap(({ path, text }) =>
    [...text.matchAll(QUESTION)].map(({ index, 1: words = "" }) => ({
      file: path,
      line: text.slice(0, index).split("\n").length,
      // A comment that goes on in the next line begins with # there.
      question: words.replaceAll(/\s*\n[ \t]*(?:#[ \t]*)?/g, " ").trim() || "a mark without a question",
    })),
  );
}

const READ = /\.(md|ya?ml)$/;
const LEFT_OUT = new Set([".git", ".demesne", ".claude", "node_modules"]);

/** A folder that begins with `_` is a template: its questions are asked where it was copied to. */
function isLeftOut(name: string): boolean {
  return LEFT_OUT.has(name) || name.startsWith("_");
}

/** The estate's own documents and YAML files, sorted by path; what is encrypted or generated is left out. */
export async function readDocuments(root: string, folder = root): Promise<readonly Document[]> {
  const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const found: Document[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !isLeftOut(entry.name)) found.push(...(await readDocuments(root, path)));
    else if (entry.isFile() && READ.test(entry.name) && !/.+\.sops\.ya?ml$/.test(entry.name))
      found.push({ path: relative(root, path), text: await readFile(path, "utf8") });
  }
  return found;
}
