// One writer at a time, across processes. The lock is a symbolic link whose target names its owner: made in one system
// call with its content, or not at all. No file lock of the kernel is within Node's reach, so a dead owner's lock is
// buried by one of the living: the right to bury owner T is itself a lock, `lock.T`, so two can never bury at once, and
// if the burier dies too, the right to bury him is `lock.<his token>`. Tokens never recur, so leftovers harm nobody.
import { readdirSync, readFileSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../lib/problem.ts";

export type Lock = { readonly dir: string; readonly owner: string; readonly sinceMs: number };

/** How long an owner may hold the lock before it must not write any more, and before a stranger's lock counts as dead. */
const HOLD_MS = 30_000;
const FOREIGN_DEAD_MS = 60_000;

/** Takes the lock, blocking the thread. Throws Problem when `waitMs` is over. */
export function lockSync(dir: string, waitMs: number): Lock {
  const until = nowMs() + waitMs;
  for (;;) {
    const taken = tryLock(dir);
    if (taken !== undefined) return taken;
    if (nowMs() >= until) throw timedOut(dir, waitMs);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs());
  }
}

export function unlock(held: Lock): void {
  const path = join(held.dir, "lock");
  if (readOwner(path) === held.owner) unlinkSync(path);
}

/** To be called just before writing: an owner that was stopped for long may have been taken for dead. */
export function mustStillHold(held: Lock): void {
  if (nowMs() - held.sinceMs < HOLD_MS && readOwner(join(held.dir, "lock")) === held.owner) return;
  throw new Problem({
    code: "ledger",
    where: held.dir,
    what: "the lock was held too long, nothing was written",
    fix: "run the command again",
  });
}

/** Removes what dead buriers left. Only while holding the lock. */
export function sweep(held: Lock): void {
  for (const name of readdirSync(held.dir)) if (name.startsWith("lock.")) remove(join(held.dir, name));
}

export function tryLock(dir: string): Lock | undefined {
  const path = join(dir, "lock");
  const owner = self();
  if (claim(path, owner)) return { dir, owner, sinceMs: nowMs() };
  const holder = readOwner(path);
  if (holder !== undefined && isDead(holder)) bury(dir, holder, owner);
  return undefined;
}

function bury(dir: string, dead: string, me: string): void {
  const rights: string[] = [];
  for (let last = dead; ;) {
    const right = join(dir, `lock.${tokenOf(last)}`);
    rights.push(right);
    if (claim(right, me)) break;
    const other = readOwner(right);
    if (other === undefined || !isDead(other)) return;
    last = other;
  }
  // The lock goes first: while it stands, the rights must stand too.
  if (readOwner(join(dir, "lock")) === dead) remove(join(dir, "lock"));
  for (const right of rights) remove(right);
}

function claim(path: string, owner: string): boolean {
  try {
    symlinkSync(owner, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

function readOwner(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** pid : start time : boot id : pid namespace : since : token */
function self(): string {
  const parts = [process.pid, statOf("self").startTicks, bootId(), pidNamespace(), Math.floor(nowMs())];
  return [...parts, token()].join(":");
}

/** Never the same twice: this process, at this nanosecond, and chance. Uniqueness is all it is for. */
function token(): string {
  return `${process.pid}-${process.hrtime.bigint()}-${Math.random().toString(36).slice(2)}`;
}

function tokenOf(owner: string): string {
  return owner.slice(owner.lastIndexOf(":") + 1);
}

/** Certain death only; whoever cannot be judged lives. */
function isDead(owner: string): boolean {
  const [pid = "", start = "", boot = "", namespace = "", since = ""] = owner.split(":");
  if (boot !== bootId()) return true;
  if (namespace !== pidNamespace()) return nowMs() - Number(since) > FOREIGN_DEAD_MS;
  if (!isRunning(Number(pid))) return true;
  const { state, startTicks } = statOf(pid);
  // Without /proc, or with other users' processes hidden in it, a pid that was given out again looks alive.
  return state === "Z" || state === "X" || (startTicks !== "" && start !== "" && startTicks !== start);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

function statOf(pid: string): { state: string; startTicks: string } {
  const stat = readText(`/proc/${pid}/stat`);
  // The second field is the program's name in brackets, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", startTicks: fields[19] ?? "" };
}

function bootId(): string {
  return readText("/proc/sys/kernel/random/boot_id").trim();
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid").replace(/\D/g, "");
  } catch {
    return "";
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Milliseconds since boot: one clock for all processes and containers of a machine, never set back. */
export function nowMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

export function pauseMs(): number {
  return 1 + Math.random() * 4;
}

export function timedOut(dir: string, waitMs: number): Problem {
  const owner = readOwner(join(dir, "lock")) ?? "";
  return new Problem({
    code: "ledger",
    where: join(dir, "lock"),
    what: `held by process ${owner.split(":")[0] || "unknown"} for more than ${waitMs} ms`,
    fix: "let that process end, then run the command again",
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
