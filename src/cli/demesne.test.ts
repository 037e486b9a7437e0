import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { run } from "../lib/run.ts";

const root = resolve(import.meta.dirname, "../..");
const { PATH = "/usr/bin:/bin" } = process.env;

describe("the program's start", () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), "demesne-start-"))));
  after(() => rmSync(folder, { recursive: true }));

  const started = async (file: string, ...args: readonly string[]) =>
    await run([process.execPath, join(root, "src/cli", file), ...args], {
      timeoutMs: 60_000,
      env: { PATH, HOME: folder, XDG_CACHE_HOME: join(folder, "cache") },
    });

  for (const file of ["demesne.js", "main.ts"]) {
    it(`prints the version of package.json (${file})`, async () => {
      const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
      const { status, stdout } = await started(file, "--version");
      assert.deepEqual({ status, stdout }, { status: 0, stdout: `${version}\n` });
      assert.deepEqual(readdirSync(folder), [], "nothing is compiled for it");
    });
  }

  it("keeps compiled code in Demesne's own cache, from the first TypeScript file on", async () => {
    const { status, stdout } = await started("demesne.js", "help");
    assert.equal(status, 0);
    assert.match(stdout, /^Usage: demesne /);
    const [version = ""] = readdirSync(join(folder, "cache/demesne/compiled"));
    assert.notEqual(readdirSync(join(folder, "cache/demesne/compiled", version)).length, 0);
  });

  it("ends with its own code, though a signal comes while it leaves", async () => {
    const late = `process.once("beforeExit", () => process.kill(process.pid, "SIGINT"))`;
    const argv = [
      "--import",
      `data:text/javascript,${encodeURIComponent(late)}`,
      join(root, "src/cli/demesne.js"),
      "help",
    ];
    const env = { PATH, HOME: folder, XDG_CACHE_HOME: join(folder, "cache") };
    const { status, stdout } = await run([process.execPath, ...argv], { timeoutMs: 60_000, env });
    assert.equal(status, 0);
    assert.match(stdout, /^Usage: demesne /);
  });
});
