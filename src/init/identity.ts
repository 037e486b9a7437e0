// The age identity that opens the estate's secrets: the operator's own, or a new one where there is none.
import { generateHybridIdentity, identityToRecipient } from "age-encryption";
import { chmod, link, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Problem } from "../lib/problem.ts";
import { Sensitive } from "../lib/sensitive.ts";
import { loadIdentities } from "../secrets/index.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export type Identity = {
  readonly identity: Sensitive;
  readonly recipient: string;
  /** Where it was made; undefined when it was there. */
  readonly madeAt: string | undefined;
};

/** The first identity that `demesne secrets` finds, or a new post-quantum one in the usual place, mode 0600. */
export async function ownIdentity(env: Environment, now: Date, signal: AbortSignal): Promise<Identity> {
  const [found] = await loadIdentities(env, signal);
  if (found !== undefined) {
    return { identity: found, recipient: await identityToRecipient(found.unwrap()), madeAt: undefined };
  }
  const file = usualFile(env);
  const identity = new Sensitive(await generateHybridIdentity());
  const recipient = await identityToRecipient(identity.unwrap());
  await write(file, `# created: ${now.toISOString()}\n# public key: ${recipient}\n${identity.unwrap()}\n`);
  return { identity, recipient, madeAt: file };
}

function usualFile(env: Environment): string {
  const config = env["XDG_CONFIG_HOME"] ?? (env["HOME"] === undefined ? undefined : join(env["HOME"], ".config"));
  if (config !== undefined) return join(config, "sops", "age", "keys.txt");
  const fix = "set HOME, or make a key (age-keygen -pq -o FILE) and set SOPS_AGE_KEY_FILE=FILE";
  throw new Problem({
    code: "prerequisite",
    where: "age identity",
    what: "there is no home folder to put it into",
    fix,
  });
}

/** Whole or not at all, and never over another key: one that is lost takes every secret with it. */
async function write(file: string, text: string): Promise<void> {
  const staged = `${file}.new`;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await rm(staged, { force: true });
    await writeFile(staged, text, { mode: 0o600, flag: "wx", flush: true });
    await chmod(staged, 0o600);
    await link(staged, file);
  } catch (cause) {
    const fix =
      "make room for it there, or make a key elsewhere (age-keygen -pq -o FILE) and set SOPS_AGE_KEY_FILE=FILE";
    throw new Problem({
      code: "prerequisite",
      where: file,
      what: "cannot be written: no age identity was made",
      fix,
      cause,
    });
  } finally {
    await rm(staged, { force: true }).catch(() => {});
  }
}
