// One lab process at a time: an flock held by a `cat` that ends when we do, so even kill -9 lets go of it.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Problem } from "../lib/problem.ts";
import { plainEnv } from "./command.ts";

type MutexOptions = { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined };

/** Runs `work` while this process alone holds the lock on `file`. Throws Problem `refused` when it stays taken. */
export async function alone<T>(file: string, options: MutexOptions, work: () => Promise<T>): Promise<T> {
  const release = await take(file, options);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function take(file: string, { timeoutMs, signal }: MutexOptions): Promise<() => Promise<void>> {
  signal?.throwIfAborted();
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  const wait = String(Math.ceil(timeoutMs / 1000));
  const holder = spawn("flock", ["--exclusive", "--timeout", wait, file, "cat"], {
    stdio: ["pipe", "pipe", "ignore"],
    env: plainEnv,
    detached: true,
  });
  const ended = new Promise<void>((resolve) => void holder.once("close", () => resolve()));
  const release = async (): Promise<void> => {
    holder.stdin.end();
    await ended;
  };
  holder.stdin.on("error", () => {});
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      holder.kill();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", stop, { once: true });
    // cat answers only once flock has the lock.
    holder.stdin.write("\n");
    holder.stdout.once("data", () => {
      signal?.removeEventListener("abort", stop);
      resolve();
    });
    holder.once("error", reject);
    holder.once("exit", () => reject(taken(file)));
  });
  return release;
}

function taken(file: string): Problem {
  return new Problem({
    code: "refused",
    where: file,
    what: "another lab process holds this lock",
    fix: `wait for it, or see who it is: fuser -v ${file}`,
  });
}
