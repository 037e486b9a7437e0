// The estate's own secrets, opened once for a plan or an apply.
import { openSecrets, type Estate } from "../estate/index.ts";
import { secretStore, type SecretStore } from "./secret-store.ts";

/** Throws Problem when the file is missing, lacks a value, or no identity opens it. */
export async function estateSecrets(estate: Estate, signal: AbortSignal): Promise<SecretStore> {
  const opened = await openSecrets(estate, { signal, env: process.env });
  return secretStore((name) => opened.get(name));
}
