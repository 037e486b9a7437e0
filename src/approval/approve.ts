// One person's approval: signed by their key, checked at once as apply will check it, and kept in the estate.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Problem } from "../lib/problem.ts";
import { NAMESPACE, whyNot, type Signer } from "./allowed-signers.ts";
import { keepApproval } from "./approvals.ts";
import { judge, type Approval } from "./judge.ts";
import { keygenSign } from "./keygen.ts";
import type { OwnKey } from "./own-keys.ts";

export type ApproveInput = {
  /** The plan's file, to the byte. */
  readonly bytes: Uint8Array;
  /** The estate's folder. */
  readonly root: string;
  readonly key: OwnKey;
  readonly signer: Signer;
  readonly now: () => number;
  readonly isTerminal: boolean;
  readonly signal: AbortSignal;
};

/** Signs and keeps; answers the approval and its file, relative to the estate. Throws Problem. */
export async function approve(input: ApproveInput): Promise<Approval & { readonly file: string }> {
  const { bytes, root, key, signer, now } = input;
  const reason = whyNot(signer, now());
  if (reason !== undefined) throw refused(key, `is the key of ${signer.principal}, and ${reason}`);
  const text = await sign(input);
  const file = { name: `${signer.principal}.sig`, text };
  const { approvals, rejected } = judge({
    bytes,
    author: undefined,
    needs: [],
    signers: [signer],
    files: [file],
    now: now(),
  });
  const [approval] = approvals;
  if (approval === undefined) throw refused(key, `made a signature that ${rejected[0]?.why ?? "does not count"}`);
  return { ...approval, file: await keepApproval(root, bytes, file) };
}

function refused({ source }: OwnKey, what: string): Problem {
  const where = "file" in source ? source.file : "git's user.signingkey";
  const fix = "name a key that policy/allowed_signers lists and that may sign now: --key FILE";
  return new Problem({ code: "refused", where, what, fix });
}

async function sign({ bytes, key: { source }, isTerminal, signal }: ApproveInput): Promise<string> {
  const options = { namespace: NAMESPACE, isTerminal, signal };
  if ("file" in source) return await keygenSign(bytes, source.file, options);
  // ssh-keygen takes a key by its file only; its private half is an agent's.
  const folder = await mkdtemp(join(tmpdir(), "demesne-key-"));
  try {
    const file = join(folder, "signing.pub");
    await writeFile(file, `${source.line}\n`, { mode: 0o600 });
    return await keygenSign(bytes, file, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
