// Runs a program: argv only (no shell), a deadline always, output bounded, the whole process group ended on time-out.
import { spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";

export type RunOptions = {
  readonly input?: string | Uint8Array | undefined;
  /** Deadline in milliseconds; the program is then ended and `timedOut` set. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  /** Called with each whole line of standard output as it arrives. */
  readonly onLine?: ((line: string) => void) | undefined;
};

export type RunResult = {
  /** Exit status; null when a signal or the deadline ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
};

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
const GRACE_MS = 2000;
const LET_GO_MS = GRACE_MS + 500;

/**
 * Runs `argv` and answers with its status and output; a non-zero status is a result, not an error.
 * Throws the spawn error (ENOENT, EACCES) when the program cannot be started, and the signal's reason on abort.
 */
export async function run(argv: readonly string[], options: RunOptions): Promise<RunResult> {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError("run: empty argv");
  options.signal?.throwIfAborted();
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    env: options.env ?? process.env,
    cwd: options.cwd,
  });
  return await new Promise<RunResult>((resolve, reject) => {
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let size = 0;
    let timedOut = false;
    let ending = false;
    const end = (): void => {
      if (ending) return;
      ending = true;
      endGroup(child.pid);
      // A process that left the group may hold the pipes open for ever: they are let go of.
      setTimeout(() => [child.stdin, child.stdout, child.stderr].forEach((pipe) => pipe.destroy()), LET_GO_MS).unref();
    };
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, options.timeoutMs);
    const keep = (into: Buffer[]) => (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_OUTPUT_BYTES) end();
      else into.push(chunk);
    };
    options.signal?.addEventListener("abort", end, { once: true });
    child.stdout.on("data", keep(out));
    child.stderr.on("data", keep(err));
    if (options.onLine !== undefined) eachLine(child.stdout, options.onLine);
    child.on("error", (error) => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", end);
      reject(error);
    });
    child.on("close", (status) => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", end);
      if (options.signal?.aborted === true) reject(options.signal.reason);
      else resolve({ status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), timedOut });
    });
    // The program may end before it has read everything: that is its status to tell, not ours.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input);
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  signalGroup(pid, "SIGTERM");
  setTimeout(() => signalGroup(pid, "SIGKILL"), GRACE_MS).unref();
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Already gone.
  }
}

function eachLine(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  stream.on("data", (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
  stream.on("end", () => {
    if (rest !== "") onLine(rest);
  });
}
