import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { alone } from "./mutex.ts";

const folder = mkdtempSync(join(tmpdir(), "demesne-mutex-"));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, "lock");
const options = { timeoutMs: 60_000 };

test("two never work at the same time", async () => {
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await sleep(5);
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 6 }, () => alone(file, options, work)));
  assert.equal(most, 1);
});

test("a failure inside lets go of it and is told", async () => {
  await assert.rejects(
    alone(file, options, () => Promise.reject(new Error("inside"))),
    { message: "inside" },
  );
  assert.equal(await alone(file, options, () => Promise.resolve("next")), "next");
});

test("one that was killed with kill -9 lets go of it", async () => {
  const source = `import { alone } from ${JSON.stringify(join(import.meta.dirname, "mutex.ts"))};
    await alone(${JSON.stringify(file)}, { timeoutMs: 60000 }, () => { console.log("in"); return new Promise(() => setInterval(() => {}, 1000)); });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  await assert.rejects(
    alone(file, { timeoutMs: 500 }, () => Promise.resolve()),
    { name: "Problem", code: "refused" },
  );
  child.kill("SIGKILL");
  assert.equal(await alone(file, options, () => Promise.resolve("ours")), "ours");
});

test("one that waits can be told to stop", async () => {
  await alone(file, options, async () => {
    const stop = new AbortController();
    const waiting = alone(file, { ...options, signal: stop.signal }, () => Promise.resolve());
    setTimeout(() => stop.abort(new Error("stop")), 50);
    await assert.rejects(waiting, { message: "stop" });
  });
});
