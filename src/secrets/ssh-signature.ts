// SSH signatures through the system's ssh-keygen, so that agents and FIDO keys work and anyone can check by hand.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Problem } from "../lib/problem.ts";
import { run } from "../lib/run.ts";

const TIMEOUT_MS = 60_000;

export type Signing = { readonly namespace: string; readonly signal?: AbortSignal | undefined };

/** Signs text with an SSH key (a private key file, or a public one whose private half an agent holds). */
export async function sign(text: string, keyFile: string, { namespace, signal }: Signing): Promise<string> {
  const { status, stdout } = await keygen(["-Y", "sign", "-f", keyFile, "-n", namespace], text, signal);
  if (status === 0) return stdout;
  throw new Problem({
    code: "secret",
    where: `signing with ${keyFile}`,
    what: "ssh-keygen did not sign",
    fix: "name a key without a passphrase prompt: one that ssh-agent holds, or a FIDO key",
  });
}

/** The principal whose key signed this text; undefined when no allowed signer did. */
export async function signerOf(
  text: string,
  signature: string,
  allowedSigners: string,
  { namespace, signal }: Signing,
): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "demesne-signature-"));
  try {
    const file = join(folder, "sig");
    await writeFile(file, signature, { mode: 0o600 });
    const found = await keygen(["-Y", "find-principals", "-s", file, "-f", allowedSigners], "", signal);
    if (found.status !== 0) return undefined;
    for (const principal of found.stdout.split("\n").filter((line) => line !== "")) {
      const args = ["-Y", "verify", "-f", allowedSigners, "-I", principal, "-n", namespace, "-s", file];
      if ((await keygen(args, text, signal)).status === 0) return principal;
    }
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function keygen(
  args: readonly string[],
  input: string,
  signal: AbortSignal | undefined,
): Promise<{ status: number | null; stdout: string }> {
  try {
    return await run(["ssh-keygen", ...args], { input, timeoutMs: TIMEOUT_MS, signal });
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    const fix = "install OpenSSH's client: apt-get install openssh-client";
    throw new Problem({ code: "prerequisite", where: "ssh-keygen", what: "cannot be run", fix, cause });
  }
}
