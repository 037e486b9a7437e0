// The scripted worker that stands in for the model: a program of its own on this machine's side of the twin's link.
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { Problem } from "../../lib/problem.ts";

const Seen = z.array(z.looseObject({ path: z.string(), headers: z.record(z.string(), z.string()), body: z.string() }));

export type Worker = {
  readonly url: string;
  /** The requests that reached it, as it saw them. */
  seen(): Promise<z.infer<typeof Seen>>;
  stop(): void;
};

const PORT = 4199;
const START_MS = 10_000;

/** Starts it on one address. Throws Problem `failed` when it does not answer. */
export async function startWorker(address: string, signal: AbortSignal): Promise<Worker> {
  const program = new URL("../../gateway/scripted-worker.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [program, "--listen", `${address}:${PORT}`], { stdio: "ignore" });
  const url = `http://${address}:${PORT}`;
  const stop = (): void => void child.kill("SIGTERM");
  const ends = Date.now() + START_MS;
  while (!(await answers(url))) {
    if (Date.now() > ends || child.exitCode !== null || signal.aborted) {
      stop();
      signal.throwIfAborted();
      throw new Problem({
        code: "failed",
        where: "scripted worker",
        what: `does not answer on ${url}`,
        fix: "please report it",
      });
    }
    await sleep(50);
  }
  return {
    url,
    stop,
    seen: async () =>
      Seen.parse(await (await fetch(`${url}/stand-in/seen`, { signal: AbortSignal.timeout(5000) })).json()),
  };
}

async function answers(url: string): Promise<boolean> {
  return await fetch(`${url}/stand-in/seen`, { signal: AbortSignal.timeout(1000) }).then(
    (response) => response.ok,
    () => false,
  );
}
