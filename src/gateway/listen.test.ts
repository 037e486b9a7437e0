import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { Problem } from "../lib/problem.ts";
import { listenUnix } from "./listen.ts";

it("says so when the management socket's folder cannot be made, or its path is taken by a folder", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "demesne-listen-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "file"), "");
  mkdirSync(join(folder, "folder/management.sock"), { recursive: true });
  for (const path of [join(folder, "file/management.sock"), join(folder, "folder/management.sock")]) {
    await assert.rejects(listenUnix(createServer(), path), (error) => {
      assert.ok(error instanceof Problem, String(error));
      assert.deepEqual([error.code, error.where], ["prerequisite", path]);
      return true;
    });
  }
});
