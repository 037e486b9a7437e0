import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, describe, test } from "node:test";
import * as z from "zod";
import { Problem } from "../lib/problem.ts";
import { type Estate, loadEstate } from "./index.ts";

const root = join(import.meta.dirname, "../..");
const small = join(root, "test/estates/small");
const cases = join(root, "test/cases/estate");
const noon = { now: () => Date.parse("2026-11-21T12:00:00Z") };

const load = async (dir: string): Promise<Estate> =>
  await loadEstate(dir, { signal: AbortSignal.timeout(120_000), clock: noon });

/** A case: the small estate with something changed, and what the operator is told. */
const Case = z.strictObject({
  /** File -> [what stands there once, what stands there instead]. */
  change: z.record(z.string(), z.array(z.tuple([z.string(), z.string()]))).default({}),
  /** File -> its whole text. */
  write: z.record(z.string(), z.string()).default({}),
  /** File -> its bytes in hex. */
  bytes: z.record(z.string(), z.string()).default({}),
  /** Files and folders that are taken away. */
  remove: z.array(z.string()).default([]),
  /** Symbolic link -> its target. */
  link: z.record(z.string(), z.string()).default({}),
  /** Lines of `where: what` and `fix: ...`. */
  error: z.array(z.string()),
});
type Case = z.infer<typeof Case>;

const folder = await mkdtemp(join(tmpdir(), "estate-"));
after(async () => await rm(folder, { recursive: true }));

async function changed(name: string, given: Case): Promise<string> {
  const dir = join(folder, name);
  await cp(small, dir, { recursive: true });
  for (const path of given.remove) await rm(join(dir, path), { recursive: true });
  for (const [path, text] of Object.entries(given.write)) await put(join(dir, path), text);
  for (const [path, hex] of Object.entries(given.bytes)) await put(join(dir, path), Buffer.from(hex, "hex"));
  for (const [path, target] of Object.entries(given.link)) await symlink(target, join(dir, path));
  for (const [path, edits] of Object.entries(given.change)) {
    const text = await readFile(join(dir, path), "utf8");
    await put(join(dir, path), edits.reduce(replaceOnce, text));
  }
  return dir;
}

async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, content);
}

function replaceOnce(text: string, [before, now]: [string, string]): string {
  assert.equal(text.split(before).length, 2, `${before} should stand in the file once`);
  return text.replace(before, () => now);
}

async function told(dir: string): Promise<readonly string[]> {
  try {
    await load(dir);
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    assert.equal(error.code, "estate");
    return `${error.message}\nfix: ${error.fix}`.split("\n");
  }
  return ["no error"];
}

describe("what is wrong with an estate is told with file, line, path and fix", async () => {
  for (const file of (await readdir(cases)).sort()) {
    const name = basename(file, ".json");
    test(name.replaceAll("-", " "), async () => {
      const given = Case.parse(JSON.parse(await readFile(join(cases, file), "utf8")));
      assert.deepEqual(await told(await changed(name, given)), given.error);
    });
  }
});
