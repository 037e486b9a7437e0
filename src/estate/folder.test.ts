import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { digest } from "../lib/digest.ts";
import { Problem } from "../lib/problem.ts";
import { type Estate, loadEstate } from "./index.ts";

const root = join(import.meta.dirname, "../..");
const folder = await mkdtemp(join(tmpdir(), "estate-folder-"));
after(async () => await rm(folder, { recursive: true }));

async function load(dir: string): Promise<Estate> {
  const noon = { now: () => Date.parse("2026-11-21T12:00:00Z") };
  return await loadEstate(dir, { signal: AbortSignal.timeout(120_000), clock: noon });
}

async function copy(name: string): Promise<string> {
  await cp(join(root, "test/estates/small"), join(folder, name), { recursive: true });
  return join(folder, name);
}

test("the inputs are all files that were read, sorted, each with its digest", async () => {
  const dir = await copy("inputs");
  await writeFile(join(dir, "README.md"), "not read\n");
  const { inputs } = await load(dir);
  assert.deepEqual(
    inputs.map(({ path }) => path),
    [
      "estate.yaml",
      "inventory/hosts.yaml",
      "inventory/images.lock.yaml",
      "inventory/secrets.example.yaml",
      "services/gateway/compose.yaml",
      "services/gateway/service.yaml",
      "services/notes/compose.yaml",
      "services/notes/notes.toml",
      "services/notes/service.yaml",
    ],
  );
  for (const input of inputs) assert.equal(input.digest, digest(await readFile(join(dir, input.path))));
});

test("a named pipe is refused, not waited for", { timeout: 10_000 }, async () => {
  const dir = await copy("pipe");
  await rm(join(dir, "estate.yaml"));
  await promisify(execFile)("mkfifo", [join(dir, "estate.yaml")]);
  await assert.rejects(load(dir), { name: "Problem", message: "estate.yaml: should be a plain file" });
});

test("a file larger than a person writes is refused", async () => {
  const dir = await copy("large");
  await writeFile(join(dir, "estate.yaml"), `# ${"x".repeat(300_000)}`);
  await assert.rejects(load(dir), { message: "estate.yaml: should be at most 262144 bytes, is 300002" });
});

test("a folder that is not there is no estate", async () => {
  await assert.rejects(load(join(folder, "nowhere")), { name: "Problem", code: "estate" });
});

test("loading stops when it is told to", async () => {
  const reason = new Error("stop");
  const signal = AbortSignal.abort(reason);
  await assert.rejects(loadEstate(join(root, "examples/harbour"), { signal }), reason);
});

test("whatever stands in a file, the answer is an Estate or a Problem", async () => {
  const dir = await copy("anything");
  const file = join(dir, "services/notes/compose.yaml");
  const text = await readFile(file);
  const edit = fc.record({
    at: fc.nat({ max: text.length }),
    remove: fc.nat({ max: 12 }),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc
        .constantFrom(
          ": ",
          "\n",
          "  ",
          "- ",
          "[",
          "{",
          "&a ",
          "*hardening",
          "<<: ",
          '"',
          "|",
          "!!map ",
          "---\n",
          "null",
          "? ",
        )
        .map((part) => Buffer.from(part)),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
      const bytes = edits.reduce(
        (before, { at, remove, insert }) =>
          Buffer.concat([before.subarray(0, at), insert, before.subarray(at + remove)]),
        text,
      );
      await writeFile(file, bytes);
      await load(dir).catch((error: unknown) => {
        assert.ok(error instanceof Problem, String(error));
        assert.match(error.message, /^services\/notes\/(?:compose|service)\.yaml/);
      });
    }),
    { numRuns: 300 },
  );
});
