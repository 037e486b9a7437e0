import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { makeWhole } from "./whole-folder.ts";

function place(t: TestContext) {
  const base = mkdtempSync(join(tmpdir(), "demesne-whole-"));
  t.after(() => rmSync(base, { recursive: true }));
  const folder = join(base, "tool");
  const file = join(folder, "last");
  const make = (fill: (into: string) => void) => makeWhole(folder, () => existsSync(file), fill);
  return { base, folder, file, make };
}

it("puts a filled folder into the place of a half one, and leaves nothing beside it", (t) => {
  const { base, folder, file, make } = place(t);
  mkdirSync(folder);
  writeFileSync(join(folder, "first"), "old");
  make((into) => writeFileSync(join(into, "last"), "new"));
  assert.equal(readFileSync(file, "utf8"), "new");
  assert.deepEqual([readdirSync(base), readdirSync(folder)], [["tool"], ["last"]]);
});

it("leaves a whole folder of somebody else's as it is", (t) => {
  const { base, file, make } = place(t);
  make((into) => {
    make((other) => writeFileSync(join(other, "last"), "theirs"));
    writeFileSync(join(into, "last"), "ours");
  });
  assert.equal(readFileSync(file, "utf8"), "theirs");
  assert.deepEqual(readdirSync(base), ["tool"]);
});

it("leaves nothing when it cannot be filled", (t) => {
  const { base, make } = place(t);
  assert.throws(() => make(() => assert.fail("no network")), /no network/);
  assert.deepEqual(readdirSync(base), []);
});
