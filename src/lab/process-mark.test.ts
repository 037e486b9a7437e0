import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { isAlive, markOf } from "./process-mark.ts";

test("a process is alive until it ends, and another with its pid is not taken for it", async () => {
  const child = spawn("sleep", ["60"]);
  const mark = markOf(child.pid ?? 0);
  assert.ok(mark !== undefined && isAlive(mark));
  assert.equal(isAlive({ ...mark, start: `${Number(mark.start) + 1}` }), false);
  assert.equal(isAlive({ ...mark, boot: "another boot" }), false);
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.equal(isAlive(mark), false);
  assert.equal(markOf(child.pid ?? 0), undefined);
});

test("one that has ended and was not yet counted out is dead", async () => {
  // The shell becomes a program that never asks after the child it has.
  const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 60"]);
  const [line] = await once(parent.stdout, "data");
  while (markOf(Number(line)) !== undefined) await new Promise(setImmediate);
  assert.equal(markOf(Number(line)), undefined);
  parent.kill("SIGKILL");
});
