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
const VERIFY_TIMEOUT_MS = 10_000;

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
  await withSignature(signature, async (file) => await verifyAs(checkpoint, file, trust));
}

/** Who of an allowed_signers file signed this text. Throws Problem `ledger` when nobody there did. */
export async function checkpointSigner(
  checkpoint: string,
  signature: string,
  { allowedSigners, signal }: Omit<Trust, "principal">,
): Promise<string> {
  return await withSignature(signature, async (file) => {
    const argv = ["ssh-keygen", "-Y", "find-principals", "-f", allowedSigners, "-s", file];
    const { stdout } = await run(argv, { timeoutMs: VERIFY_TIMEOUT_MS, signal });
    let refusal = untrusted({ allowedSigners, principal: "anybody" }, "is by no key that is listed there");
    for (const principal of stdout.split("\n").filter((line) => line !== "")) {
      // That a key is listed says nothing of the text, of what the key is for, or of its time.
      const fault = await verifyAs(checkpoint, file, { allowedSigners, principal, signal }).catch((error: unknown) => {
        if (error instanceof Problem) return error;
        throw error;
      });
      if (fault === undefined) return principal;
      refusal = fault;
    }
    throw refusal;
  });
}

async function withSignature<T>(signature: string, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "checkpoint-"));
  try {
    const file = join(folder, "sig");
    await writeFile(file, signature);
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function verifyAs(checkpoint: string, file: string, trust: Trust): Promise<undefined> {
  const who = ["-f", trust.allowedSigners, "-I", trust.principal, "-n", NAMESPACE, "-s", file];
  const { status, stderr, stdout } = await run(["ssh-keygen", "-Y", "verify", ...who], {
    input: checkpoint,
    timeoutMs: VERIFY_TIMEOUT_MS,
    signal: trust.signal,
  });
  if (status !== 0) throw untrusted(trust, firstLine(stderr || stdout));
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
