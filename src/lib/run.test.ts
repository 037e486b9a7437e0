import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, test } from "node:test";
import { run } from "./run.ts";

const limit = { timeoutMs: 60_000 };

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** What was told to end needs a moment. */
async function gone(pid: number): Promise<void> {
  assert.ok(pid > 1, `no process id: ${pid}`);
  for (let tries = 0; tries < 3000 && isAlive(pid); tries += 1) await sleep(20);
  assert.equal(isAlive(pid), false, `process ${pid} is still there`);
}

describe("run", { concurrency: true }, () => {
  test("answers with status and both outputs; a failure is a result", async () => {
    assert.deepEqual(await run(["sh", "-c", "echo out; echo err >&2; exit 3"], limit), {
      status: 3,
      stdout: "out\n",
      stderr: "err\n",
      timedOut: false,
    });
  });

  test("gives words as they are: there is no shell", async () => {
    const words = ["$HOME", "a b", "'", ";", "\n", ""];
    const { stdout } = await run(["printf", "%s\\0", ...words], limit);
    assert.deepEqual(stdout.split("\0").slice(0, -1), words);
  });

  test("throws when the program cannot be started, and when there is none", async () => {
    await assert.rejects(run(["/nowhere/program"], limit), { code: "ENOENT" });
    await assert.rejects(run([], limit), TypeError);
  });

  test("hands its input over, and forgives a program that does not read it", async () => {
    const input = "x".repeat(1 << 20);
    assert.equal((await run(["cat"], { ...limit, input })).stdout.length, input.length);
    assert.equal((await run(["true"], { ...limit, input })).status, 0);
    assert.equal((await run(["cat"], limit)).stdout, "");
  });

  test("takes only the environment it is given", async () => {
    assert.equal((await run(["/usr/bin/env"], { ...limit, env: { ONLY: "this" } })).stdout, "ONLY=this\n");
  });

  test("tells lines as they are whole, also one without an end and characters cut in two", async () => {
    const lines: string[] = [];
    const script = "printf 'a\\nb\\303'; sleep 0.1; printf '\\251\\nlast'";
    await run(["sh", "-c", script], { ...limit, onLine: (line) => lines.push(line) });
    assert.deepEqual(lines, ["a", "bé", "last"]);
  });

  test("keeps much output", async () => {
    const { stdout } = await run(["head", "-c", "50000000", "/dev/zero"], limit);
    assert.equal(stdout.length, 50_000_000);
  });

  test("ends a program that does not stop talking", async () => {
    const { status, timedOut } = await run(["cat", "/dev/zero"], { timeoutMs: 60_000 });
    assert.equal(status, null);
    assert.equal(timedOut, false);
  });

  test("ends the whole group at the deadline, also what ignores the first signal", async () => {
    const script = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' & echo $!; wait";
    const { status, stdout, timedOut } = await run(["sh", "-c", script], { timeoutMs: 3000 });
    assert.equal(status, null);
    assert.equal(timedOut, true);
    for (const line of stdout.trim().split("\n")) await gone(Number(line));
  });

  test("lets go of a program that has left its group and holds the pipes", async () => {
    const { stdout, timedOut } = await run(["sh", "-c", "setsid sleep 60 & echo $!"], { timeoutMs: 3000 });
    assert.equal(timedOut, true);
    const pid = Number(stdout);
    // 0 would be this whole group.
    assert.ok(pid > 1, `no process id: ${stdout}`);
    process.kill(pid, "SIGKILL");
  });

  test("ends the group on abort, and throws the reason", async () => {
    const ending = new AbortController();
    const reason = new Error("enough");
    let pid = 0;
    const running = run(["sh", "-c", "echo $$; sleep 60"], {
      ...limit,
      signal: ending.signal,
      onLine: (line) => {
        pid = Number(line);
        ending.abort(reason);
      },
    });
    await assert.rejects(running, reason);
    await gone(pid);
  });

  test("starts nothing when it was aborted before", async () => {
    await assert.rejects(
      run(["touch", "/nowhere/at/all"], { ...limit, signal: AbortSignal.abort(new Error("before")) }),
      /before/,
    );
  });
});
