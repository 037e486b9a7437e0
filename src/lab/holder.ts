// Keeps namespaces alive: `cat` as process 1 of its own pid namespace. When it ends, the kernel ends all that was started
// in there and frees its mounts and interfaces; and it ends with us, whichever way we end.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Problem } from "../lib/problem.ts";
import { plainEnv } from "./command.ts";
import { type ProcessMark, isAlive, markOf } from "./process-mark.ts";

export type Holder = {
  /** Process 1 of the namespaces, seen from this machine. */
  readonly pid: number;
  readonly mark: ProcessMark;
  /** argv that runs a program in the namespaces. */
  enter(argv: readonly string[]): string[];
  /** Ends everything in the namespaces; resolves when the kernel has done so. */
  end(): Promise<void>;
};

const OWN_NAMESPACES = [
  "unshare",
  "--mount",
  "--net",
  "--pid",
  "--fork",
  "--kill-child=KILL",
  "--mount-proc",
  "--propagation",
  "private",
];

export async function startHolder(): Promise<Holder> {
  const [program, ...args] = ["setpriv", "--pdeathsig", "KILL", "--", ...OWN_NAMESPACES, "--", "cat"];
  // Detached: a Ctrl-C at the terminal must reach us alone, so that we clean up in order.
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: plainEnv, detached: true });
  child.stdin.on("error", () => {});
  const errors: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  await new Promise<void>((resolve, reject) => {
    child.stdin.write("\n");
    child.stdout.once("data", resolve);
    child.once("error", reject);
    child.once("exit", () => reject(noNamespaces(Buffer.concat(errors).toString())));
  });
  const pid = onlyChild(child.pid ?? 0);
  const mark = markOf(pid);
  if (mark === undefined) throw noNamespaces("it ended at once");
  letGo(child);
  return {
    pid,
    mark,
    enter: (argv) => ["nsenter", "--target", String(pid), "--mount", "--net", "--pid", "--", ...argv],
    end: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.ref();
      // unshare ends when process 1 has; the kernel lets that one end last of all in its namespace.
      if (isAlive(mark)) process.kill(pid, "SIGKILL");
      await gone;
    },
  };
}

function onlyChild(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
}

/** A forgotten twin must not keep the program from ending. */
function letGo(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    // The pipes of a child are sockets, which can be let go of; the type says only "stream".
    if (stream !== null && "unref" in stream && typeof stream.unref === "function") stream.unref();
  }
}

function noNamespaces(why: string): Problem {
  return new Problem({
    code: "prerequisite",
    where: "lab",
    what: `this machine does not let us make namespaces: ${why.trim()}`,
    fix: "run on a Linux machine or VM as real root (in a container: one started with --privileged)",
  });
}
