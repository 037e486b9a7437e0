// Waits beside a twin for this process to end without having removed it (Ctrl-C, a crash, kill -9), then removes it.
// Until then it is one sleeping shell; it outlives us because it leads a session of its own.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { plainEnv } from "./command.ts";
import { markOf } from "./process-mark.ts";

// `read` returns when the other end of the pipe, ours, is closed by the kernel.
const WAIT = 'read -r never; exec "$@"';

/** Starts to wait; the answer calls it off. */
export function standBy(): () => void {
  const sweeper = [process.execPath, join(import.meta.dirname, "main.ts"), JSON.stringify(markOf(process.pid))];
  const child = spawn("sh", ["-c", WAIT, "reaper", ...sweeper], {
    stdio: ["pipe", "ignore", "ignore"],
    env: plainEnv,
    detached: true,
  });
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  child.unref();
  // The pipe of a child is a socket, which can be let go of; the type says only "stream".
  if ("unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref();
  return () => void child.kill("SIGKILL");
}
