// A base system that is not finished is never taken for one, however its making ends.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { processesNaming } from "../cases/lab/traces.ts";

const skip = process.getuid?.() === 0 ? false : "twins need root";

describe("building a base system", { skip, timeout: 120_000 }, () => {
  // Beside the real cache, so that it lies on a disk that carries overlays.
  const cache = mkdtempSync("/var/cache/demesne-test-");
  const bases = join(cache, "demesne/bases");
  after(() => rmSync(cache, { recursive: true, force: true }));

  async function killedWhen(word: RegExp, signal: NodeJS.Signals): Promise<void> {
    const env = { ...process.env, XDG_CACHE_HOME: cache };
    const child = spawn(process.execPath, [join(import.meta.dirname, "../cases/lab/start-a-base.ts")], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    let said = "";
    for await (const chunk of child.stdout) {
      said += String(chunk);
      if (word.test(said)) break;
    }
    assert.match(said, word, "it must get that far");
    child.kill(signal);
    await ended;
    for (let tries = 0; tries < 600 && processesNaming(cache).length > 0; tries += 1) await sleep(50);
  }

  for (const signal of ["SIGKILL", "SIGINT"] as const) {
    test(`leaves no process, no mount and no base when it is ended by ${signal}`, async () => {
      await killedWhen(/Retrieving/, signal);
      assert.deepEqual(processesNaming(cache), []);
      assert.ok(!readFileSync("/proc/mounts", "utf8").includes(cache));
      const left = readdirSync(bases).filter((name) => !name.endsWith(".lock") && !name.startsWith(".building-"));
      assert.deepEqual(left, []);
    });
  }

  test("starts anew where a killed one stopped", async () => {
    const building = readdirSync(bases).find((name) => name.startsWith(".building-"));
    assert.ok(building !== undefined);
    const mark = join(bases, building, "mark");
    writeFileSync(mark, "");
    await killedWhen(/Retrieving/, "SIGTERM");
    assert.ok(!existsSync(mark), "the old folder must not be built upon");
  });
});
