// The door to an estate's secrets: opened only where something is planned or applied, never to read the estate.
import { digest } from "../lib/digest.ts";
import { Problem } from "../lib/problem.ts";
import { loadIdentities, openSecrets as openFile, type OpenedSecrets } from "../secrets/index.ts";
import type { Estate } from "./estate.ts";
import { openFolder } from "./folder.ts";
import { SECRETS_FILE } from "./secrets-file.ts";

export type OpenOptions = {
  readonly signal: AbortSignal;
  /** Where the operator's age identities are found: SOPS_AGE_KEY_FILE and the like. */
  readonly env: Readonly<Record<string, string | undefined>>;
};

/**
 * Opens the secrets that were there when the estate was read, and sees that every secret in use has a value.
 * Throws Problem `estate` (no file, a value missing), `stale` (changed since) and what the secrets room throws.
 */
export async function openSecrets(estate: Estate, options: OpenOptions): Promise<OpenedSecrets> {
  const text = await readSecrets(estate, options.signal);
  const identities = await loadIdentities(options.env, options.signal);
  // What the hosts get must not hold a value that somebody without a key could have put there.
  const secrets = await openFile({ path: SECRETS_FILE, text }, identities, { isAllProtected: true });
  const [missing, ...others] = estate.secretRefs.filter(({ name, usedBy }) => usedBy.length > 0 && !has(secrets, name));
  if (missing === undefined) return secrets;
  const more = others.length === 0 ? "" : `, nor are ${others.map(({ name }) => name).join(", ")}`;
  throw new Problem({
    code: "estate",
    where: `${SECRETS_FILE} ${missing.name}`,
    what: `is not in the file${more}; ${missing.usedBy.join(", ")} needs it`,
    fix: `cd into the estate and run demesne secrets edit; inventory/secrets.example.yaml says how each is made`,
  });
}

async function readSecrets(estate: Estate, signal: AbortSignal): Promise<string> {
  const known = estate.inputs.find(({ path }) => path === SECRETS_FILE)?.digest;
  if (known === undefined) {
    const fix = `cd into the estate and run demesne secrets edit, with the names that inventory/secrets.example.yaml lists`;
    throw new Problem({ code: "estate", where: SECRETS_FILE, what: "is missing", fix });
  }
  const text = await (await openFolder(estate.root, signal)).read(SECRETS_FILE);
  if (typeof text === "string" && digest(text) === known) return text;
  throw new Problem({
    code: "stale",
    where: SECRETS_FILE,
    what: "was changed while the estate was in use",
    fix: "run the command again",
  });
}

function has(secrets: OpenedSecrets, name: string): boolean {
  try {
    secrets.get(name);
    return true;
  } catch (error) {
    if (error instanceof Problem) return false;
    throw error;
  }
}
