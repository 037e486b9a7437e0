// Runs the real command line under a parent that inherits whatever it leaves behind: every process that outlives it is told.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const MAIN = resolve(import.meta.dirname, "../../src/cli/main.ts");
const LIMIT_MS = 8 * 60_000;

// Orphans go to the nearest "subreaper" above them. It gives them a few seconds to end by themselves.
const PARENT = `
import ctypes, json, os, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
child = subprocess.Popen(sys.argv[1:])
os.write(3, b"%d\\n" % child.pid)
os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
os.write(3, b"{")
status = child.wait()
# As a shell tells it: 130 for a process that Ctrl-C ended before it could say anything.
status = 128 - status if status < 0 else status
def left():
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0: break
        except ChildProcessError: return []
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if open("/proc/%s/stat" % pid).read().rsplit(")", 1)[1].split()[1] == str(os.getpid()):
                found.append(open("/proc/%s/cmdline" % pid).read().replace("\\0", " "))
        except OSError: pass
    return found
deadline = time.monotonic() + 5
while left() and time.monotonic() < deadline: time.sleep(0.05)
os.write(3, json.dumps({"status": status, "left": left()}).encode()[1:])
`;

export type Ended = {
  /** Exit code; 128 and the signal's number where a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Command lines of processes that outlived it. */
  readonly processes: readonly string[];
  /** Names of what it left in its folder for temporary files. */
  readonly files: readonly string[];
};

export type Running = {
  /** Resolves when standard error holds a text; rejects when the program ends without it. */
  says(text: string): Promise<void>;
  /** Process id of the command itself. */
  readonly pid: number;
  /** Signals the command itself, if it still runs. */
  kill(signal: NodeJS.Signals): void;
  ended(): Promise<Ended>;
};

export type WatchedOptions = { readonly cwd: string; readonly env: Readonly<Record<string, string>> };

/** Starts `demesne` with these arguments. */
export async function start(args: readonly string[], { cwd, env }: WatchedOptions): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "demesne-watched-"));
  const argv = ["-I", "-c", PARENT, process.execPath, MAIN, ...args];
  const child = spawn("python3", argv, {
    cwd,
    env: { ...env, TMPDIR: folder, PATH: process.env["PATH"] ?? "/usr/bin:/bin" },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    timeout: LIMIT_MS,
  });
  const output = { 1: "", 2: "", 3: "" };
  for (const number of [1, 2, 3] as const) child.stdio[number]?.on("data", (part) => (output[number] += String(part)));
  const closed = once(child, "close");
  await until(child, () => output[3].includes("\n"));
  const pid = Number.parseInt(output[3], 10);
  return {
    pid,
    kill: (signal) => {
      // Its parent has not reaped it before it tells so, so the number cannot be somebody else's.
      if (!output[3].includes("{")) process.kill(pid, signal);
    },
    says: async (text) => await until(child, () => output[2].includes(text)),
    ended: async () => {
      await closed;
      const told: { status: number; left: string[] } = JSON.parse(output[3].slice(output[3].indexOf("\n")));
      const files = readdirSync(folder);
      rmSync(folder, { recursive: true });
      return { status: told.status, stdout: output[1], stderr: output[2], processes: told.left, files };
    },
  };
}

/** Runs it to its end. */
export async function demesne(args: readonly string[], options: WatchedOptions): Promise<Ended> {
  return await (await start(args, options)).ended();
}

/** It ended with this code and a message of this form, and left nothing behind. */
export function assertEnds({ status, stderr, stdout, processes, files }: Ended, code: number, message: RegExp): void {
  assert.equal(status, code, stderr + stdout);
  assert.match(stderr + stdout, message);
  assert.doesNotMatch(stderr, /^\s+at /m, "a stack is for bugs");
  assert.deepEqual(processes, []);
  assert.deepEqual(files, []);
}

async function until(child: ChildProcess, isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    if (child.exitCode !== null) throw new Error("it ended before it said that");
    await new Promise((done) => setTimeout(done, 10));
  }
}
