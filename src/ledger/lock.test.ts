// Locks of the dead are buried, locks of the living are not, and never by two at once.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { after, test } from "node:test";
import { lockSync, mustStillHold, sweep, unlock } from "./lock.ts";
import { lock } from "./lock-async.ts";

const root = mkdtempSync(join(tmpdir(), "lock-"));
after(() => rmSync(root, { recursive: true }));

const fresh = (): string => mkdtempSync(join(root, "l-"));
const mine = (): string[] => {
  const dir = fresh();
  const held = lockSync(dir, 20_000);
  unlock(held);
  return held.owner.split(":");
};

/** An owner text like ours, with some parts replaced. */
function owner(parts: {
  pid?: number;
  start?: string;
  boot?: string;
  namespace?: string;
  since?: string;
  token: string;
}) {
  const [pid, start, boot, namespace, since] = mine();
  const own = { pid, start, boot, namespace, since, ...parts };
  return [own.pid, own.start, own.boot, own.namespace, own.since, own.token].join(":");
}

const deadPid = (): number => spawnSync(process.execPath, ["-e", ""]).pid;

test("the lock of an ended process is taken over", () => {
  const dir = fresh();
  symlinkSync(owner({ pid: deadPid(), token: "d" }), join(dir, "lock"));
  const held = lockSync(dir, 20_000);
  assert.equal(readlinkSync(join(dir, "lock")), held.owner);
  assert.deepEqual(readdirSync(dir), ["lock"]);
});

test("a pid that was given out again, and another boot, do not keep a lock alive", () => {
  for (const dead of [owner({ start: "1", token: "a" }), owner({ boot: "another", token: "b" })]) {
    const dir = fresh();
    symlinkSync(dead, join(dir, "lock"));
    unlock(lockSync(dir, 20_000));
    assert.deepEqual(readdirSync(dir), []);
  }
});

test("a killed process that nobody has waited for is dead", { skip: process.platform !== "linux" }, async () => {
  const dir = fresh();
  // The shell starts a child, writes its pid and stays without ever waiting for it.
  const shell = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = await once(shell.stdout, "data");
  const pid = Number(String(line));
  const start = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19] ?? "";
  symlinkSync(owner({ pid, start, token: "z" }), join(dir, "lock"));
  assert.throws(() => lockSync(dir, 20), /held by process/);
  process.kill(pid, "SIGKILL");
  unlock(lockSync(dir, 20_000));
  shell.kill("SIGKILL");
});

test("a burier who died himself is buried first", () => {
  const dir = fresh();
  symlinkSync(owner({ pid: deadPid(), token: "one" }), join(dir, "lock"));
  symlinkSync(owner({ pid: deadPid(), token: "two" }), join(dir, "lock.one"));
  symlinkSync(owner({ pid: deadPid(), token: "three" }), join(dir, "lock.two"));
  unlock(lockSync(dir, 20_000));
  assert.deepEqual(readdirSync(dir), []);
});

test("while a living process buries, nobody else does", () => {
  const dir = fresh();
  symlinkSync(owner({ pid: deadPid(), token: "one" }), join(dir, "lock"));
  symlinkSync(owner({ token: "burier" }), join(dir, "lock.one"));
  assert.throws(() => lockSync(dir, 30), /held by process/);
});

test("a lock of another pid namespace lives for a minute", () => {
  const dir = fresh();
  symlinkSync(owner({ pid: deadPid(), namespace: "1", token: "young" }), join(dir, "lock"));
  assert.throws(() => lockSync(dir, 30), /held by process/);
  const other = fresh();
  symlinkSync(owner({ pid: deadPid(), namespace: "1", since: "-60001", token: "old" }), join(other, "lock"));
  unlock(lockSync(other, 20_000));
});

test("an owner that lost its lock must not write and does not remove another's", async () => {
  const dir = fresh();
  const held = lockSync(dir, 20_000);
  const late = { ...held, sinceMs: held.sinceMs - 30_001 };
  assert.throws(() => mustStillHold(late), /held too long/);
  unlock({ ...held, owner: "somebody else" });
  mustStillHold(held);
  await assert.rejects(lock(dir, 60_000, AbortSignal.timeout(20)), { name: /AbortError|TimeoutError/ });
  symlinkSync("left", join(dir, "lock.left"));
  sweep(held);
  assert.deepEqual(readdirSync(dir), ["lock"]);
});
