import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { forgetUnused, touch } from "./aging.ts";

const folder = mkdtempSync(join(tmpdir(), "demesne-aging-"));
after(() => rmSync(folder, { recursive: true }));

test("what nobody used for a month goes; what is in use stays, however old", () => {
  const day = 24 * 60 * 60 * 1000;
  const now = Date.UTC(2026, 5, 1);
  mkdirSync(join(folder, "base"));
  writeFileSync(join(folder, "base", "file"), "");
  for (const name of ["new", "old", "kept"]) writeFileSync(join(folder, name), "");
  for (const name of ["base", "old", "kept"]) touch(join(folder, name), now - 31 * day);
  touch(join(folder, "new"), now - 29 * day);
  forgetUnused(folder, now, (name) => name === "kept");
  assert.deepEqual(readdirSync(folder).sort(), ["kept", "new"]);
});
