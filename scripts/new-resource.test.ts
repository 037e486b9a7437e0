// A kind made by the generator passes every test that a kind must pass, in a copy of the room.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "../src/lib/run.ts";

const root = join(import.meta.dirname, "..");
const copy = await mkdtemp(join(tmpdir(), "new-resource-"));
after(async () => await rm(copy, { recursive: true }));
for (const path of [
  "src/lib",
  "src/resources",
  "test/cases",
  "scripts/new-resource.ts",
  "package.json",
  "tsconfig.json",
]) {
  await mkdir(join(copy, path, ".."), { recursive: true });
  await cp(join(root, path), join(copy, path), { recursive: true });
}
await symlink(join(root, "node_modules"), join(copy, "node_modules"));

// Without this runner's own variables: a node --test below another would talk to it and print nothing.
const limit = { timeoutMs: 60_000, cwd: copy, env: { PATH: process.env["PATH"] ?? "" } };
const make = async (...words: readonly string[]) =>
  await run([process.execPath, "scripts/new-resource.ts", ...words], limit);

test("a kind from the template passes what every kind must, and has no type error", async () => {
  const made = await make("swap-file", "A swap file of this size.");
  assert.equal(made.status, 0, made.stderr);
  const code = await readFile(join(copy, "src/resources/swap-file.ts"), "utf8");
  assert.match(code, /^\/\/ A swap file of this size\.\n/);
  assert.match(code, /export const swapFile: Kind<SwapFileWanted, SwapFileObserved> = \{\n {2}kind: "swap-file",/);
  assert.doesNotMatch(code, /__/);
  // Whoever adds one to what many may have must say so.
  const tests = await run(
    [process.execPath, "--test", "--test-name-pattern=swap-file", "src/resources/cases.test.ts"],
    limit,
  );
  assert.equal(tests.status, 0, tests.stdout);
  assert.match(tests.stdout, /what is no longer wanted is removed/);
  const types = await run([process.execPath, "node_modules/typescript/bin/tsc", "-p", "."], limit);
  assert.doesNotMatch(types.stdout, /src\/resources/);
});

test("what is there is not written over, and a wrong name is told", async () => {
  const before = await readFile(join(copy, "src/resources/file.ts"), "utf8");
  assert.equal((await make("file", "A file.")).status, 1);
  assert.equal(await readFile(join(copy, "src/resources/file.ts"), "utf8"), before);
  for (const words of [[], ["Swap", "A swap."], ["swap"], ["swap", "no sentence"]])
    assert.equal((await make(...words)).status, 2, words.join(" "));
});
