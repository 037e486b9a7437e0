// Fresh SSH keys for one twin: its host keys, and the identity its operator logs in with.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { output } from "./command.ts";

export type TwinKeys = {
  /** Files to place in /etc/ssh. */
  readonly hostKeyFiles: readonly string[];
  /** Public host keys as `type base64`. */
  readonly hostKeys: readonly string[];
  readonly identityFile: string;
  readonly publicKey: string;
};

// A real host also has an RSA key; making one takes up to a second, longer than the rest of a boot.
const HOST_KEYS = ["ed25519", "ecdsa"] as const;

export async function makeKeys(folder: string, comment: string): Promise<TwinKeys> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const identityFile = join(folder, "identity");
  const files = HOST_KEYS.map((kind) => join(folder, `ssh_host_${kind}_key`));
  await Promise.all([
    keygen(["-t", "ed25519", "-C", comment, "-f", identityFile]),
    ...HOST_KEYS.map((kind, index) => keygen(["-t", kind, "-C", comment, "-f", files[index] ?? ""])),
  ]);
  return {
    hostKeyFiles: files.flatMap((file) => [file, `${file}.pub`]),
    hostKeys: files.map((file) => keyOf(`${file}.pub`)),
    identityFile,
    publicKey: readFileSync(`${identityFile}.pub`, "utf8").trim(),
  };
}

async function keygen(args: readonly string[]): Promise<void> {
  await output(["ssh-keygen", "-q", "-N", "", ...args]);
}

function keyOf(file: string): string {
  return readFileSync(file, "utf8").trim().split(" ").slice(0, 2).join(" ");
}
