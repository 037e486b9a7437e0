// ssh-keygen signs: with a key file, an agent's key or a FIDO device. The private key is never read here.
import { spawn } from "node:child_process";
import { Problem } from "../lib/problem.ts";

export type SignOptions = {
  readonly namespace: string;
  /** Where ssh-keygen may ask for a passphrase, a PIN or a touch. */
  readonly isTerminal: boolean;
  readonly signal: AbortSignal;
};

/** Time for a person to find the key and to touch it. */
const TIMEOUT_MS = 120_000;
const MAX_OUTPUT = 64 * 1024;

/** The SSHSIG text over `bytes`. Throws Problem `failed` or `prerequisite`. */
export async function keygenSign(bytes: Uint8Array, keyFile: string, options: SignOptions): Promise<string> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const { status, stdout, stderr } = await talk(bytes, keyFile, options, signal).catch((cause: unknown) => {
    if (options.signal.aborted) throw options.signal.reason;
    throw unstarted(cause);
  });
  if (status === 0) return stdout;
  throw new Problem({
    code: "failed",
    where: keyFile,
    what: `ssh-keygen did not sign: ${lastLine(stderr) || "it said no more"}`,
    fix: "load the key into ssh-agent (ssh-add), or run this at a terminal where ssh-keygen can ask",
  });
}

type Told = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

/** Not detached, as other programs are run: a passphrase is asked for on the terminal that this process has. */
async function talk(
  bytes: Uint8Array,
  keyFile: string,
  { namespace, isTerminal }: SignOptions,
  signal: AbortSignal,
): Promise<Told> {
  const child = spawn("ssh-keygen", ["-Y", "sign", "-f", keyFile, "-n", namespace], {
    stdio: ["pipe", "pipe", isTerminal ? "inherit" : "pipe"],
    signal,
  });
  const said = { stdout: "", stderr: "" };
  const keep = (name: "stdout" | "stderr") => (part: unknown) => {
    if (said[name].length < MAX_OUTPUT) said[name] += String(part);
  };
  child.stdout?.on("data", keep("stdout"));
  child.stderr?.on("data", keep("stderr"));
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, ...said }));
    // It may end before it has read everything: that is its status to tell.
    child.stdin?.on("error", () => {});
    child.stdin?.end(bytes);
  });
}

function unstarted(cause: unknown): Problem {
  const isLate = cause instanceof Error && cause.name === "AbortError";
  const what = isLate ? `did not sign within ${TIMEOUT_MS / 1000} s` : "cannot be run";
  const fix = isLate
    ? "run it again, and touch the key when it blinks"
    : "install OpenSSH's client: apt-get install openssh-client";
  return new Problem({ code: "prerequisite", where: "ssh-keygen", what, fix, cause });
}

function lastLine(text: string): string {
  return (
    text
      .trim()
      .split("\n")
      .at(-1)
      ?.replaceAll(/[^\u0020-\u007e]/g, "?") ?? ""
  );
}
