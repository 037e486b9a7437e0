import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { Problem } from "../lib/problem.ts";
import { loadConfig } from "./load-config.ts";

/** What is told of a configuration of these lines. */
function problemOf(t: TestContext, ...lines: readonly string[]): Problem {
  const folder = mkdtempSync(join(tmpdir(), "demesne-config-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "gateway.yaml");
  writeFileSync(file, `${lines.join("\n")}\n`);
  try {
    loadConfig(file);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "nothing was wrong" });
}

const sound = ["format: 1", "management: /m.sock", "state: /s", "routes: {}"];

it("names the line of a port that there is none of", (t) => {
  const { message } = problemOf(t, ...sound, "listen: 127.0.0.1:65536");
  assert.match(message, /gateway\.yaml:5 listen: should have a port of 0-65535$/);
});
