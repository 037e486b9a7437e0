// Signs and checks checkpoints with ssh-keygen, so that anyone can do the same without this program, and with the keys
// people have (an agent's, a FIDO token's). The namespace keeps a checkpoint's signature from standing for anything else.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Problem } from "../lib/problem.ts";
import { run } from "../lib/run.ts";

const NAMESPACE = "demesne-checkpoint@v1";

/** Long enough to touch a security key. */
const SIGN_TIMEOUT_MS = 60_000;

export type Signer = {
  /** A private key file, or the public half of a key that the agent holds. */
  readonly keyFile: string;
  readonly signal?: AbortSignal | undefined;
};

export type Trust = {
  /** An allowed_signers file (ssh-keygen(1)). */
  readonly allowedSigners: string;
  /** Who must have signed, as named in that file. */
  readonly principal: string;
  readonly signal?: AbortSignal | undefined;
};

/** The SSHSIG text to keep beside the checkpoint. Throws Problem `ledger` when ssh-keygen cannot sign. */
export async function signCheckpoint(checkpoint: string, signer: Signer): Promise<string> {
  const argv = ["ssh-keygen", "-Y", "sign", "-f", signer.keyFile, "-n", NAMESPACE];
  const { status, stdout, stderr } = await run(argv, {
    input: checkpoint,
    timeoutMs: SIGN_TIMEOUT_MS,
    signal: signer.signal,
  });
  if (status === 0) return stdout;
  throw new Problem({
    code: "ledger",
    where: signer.keyFile,
    what: `cannot sign: ${firstLine(stderr)}`,
    fix: "name a readable key, or load it with ssh-add and name its .pub file",
  });
}

/** Throws Problem `ledger` when the signature is not by that principal over that text. */
export async function verifyCheckpoint(checkpoint: string, signature: string, trust: Trust): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "checkpoint-"));
  try {
    const file = join(folder, "sig");
    await writeFile(file, signature);
    const who = ["-f", trust.allowedSigners, "-I", trust.principal, "-n", NAMESPACE, "-s", file];
    const { status, stderr, stdout } = await run(["ssh-keygen", "-Y", "verify", ...who], {
      input: checkpoint,
      timeoutMs: 10_000,
      signal: trust.signal,
    });
    if (status !== 0) throw untrusted(trust, firstLine(stderr || stdout));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function untrusted(trust: Trust, what: string): Problem {
  return new Problem({
    code: "ledger",
    where: `checkpoint signature by ${trust.principal}`,
    what,
    fix: `check ${trust.allowedSigners}, and take checkpoint and signature from where they were kept`,
  });
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0] || "no answer";
}
