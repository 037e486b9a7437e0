// Where age identities come from: the places the sops program looks, in its order.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "../lib/problem.ts";
import { run } from "../lib/run.ts";
import { Sensitive } from "../lib/sensitive.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

const COMMAND_TIMEOUT_MS = 60_000;
const IDENTITY = /^AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]+$/;

/**
 * The identities of this operator: SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD, then the default key file.
 * Throws Problem when a named source cannot be read, or a key file is open to everybody; no source at all is an empty list.
 */
export async function loadIdentities(
  env: Environment = process.env,
  signal?: AbortSignal,
): Promise<readonly Sensitive[]> {
  const found: Sensitive[] = [];
  if (env["SOPS_AGE_KEY"]) found.push(...identitiesIn(env["SOPS_AGE_KEY"], "SOPS_AGE_KEY"));
  if (env["SOPS_AGE_KEY_FILE"]) found.push(...(await fromFile(env["SOPS_AGE_KEY_FILE"])));
  if (env["SOPS_AGE_KEY_CMD"]) found.push(...(await fromCommand(env["SOPS_AGE_KEY_CMD"], signal)));
  const standard = defaultFile(env);
  if (standard !== undefined && (await exists(standard))) found.push(...(await fromFile(standard)));
  return found;
}

function defaultFile(env: Environment): string | undefined {
  const config = env["XDG_CONFIG_HOME"] ?? (env["HOME"] === undefined ? undefined : join(env["HOME"], ".config"));
  return config === undefined ? undefined : join(config, "sops", "age", "keys.txt");
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function fromFile(path: string): Promise<Sensitive[]> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o007) !== 0) throw tooOpen(path);
    return identitiesIn(await readFile(path, "utf8"), path);
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    const fix = "correct SOPS_AGE_KEY_FILE, or make a key: age-keygen -pq -o <file>";
    throw new Problem({ code: "secret", where: path, what: "cannot be read", fix, cause });
  }
}

function tooOpen(path: string): Problem {
  const fix = `chmod 600 ${path}`;
  return new Problem({ code: "secret", where: path, what: "is open to every user of this machine", fix });
}

/** The command's words are split at spaces; no shell sees them. */
async function fromCommand(command: string, signal: AbortSignal | undefined): Promise<Sensitive[]> {
  const where = "SOPS_AGE_KEY_CMD";
  const words = command.split(" ").filter((word) => word !== "");
  const fix = "run the command by itself and see what it says";
  try {
    const { status, stdout } = await run(words, { timeoutMs: COMMAND_TIMEOUT_MS, signal });
    if (status === 0) return identitiesIn(stdout, where);
    throw new Problem({ code: "secret", where, what: `ended with status ${status ?? "none"}`, fix });
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw new Problem({ code: "secret", where, what: `${words[0] ?? "it"} cannot be run`, fix, cause });
  }
}

function identitiesIn(text: string, where: string): Sensitive[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line, at) => {
      if (IDENTITY.test(line)) return new Sensitive(line);
      throw new Problem({
        code: "secret",
        where: `${where}, key ${at + 1}`,
        what: "should be AGE-SECRET-KEY-1... or AGE-SECRET-KEY-PQ-1...; SSH keys and plugins are not read",
        fix: "make an age key (age-keygen -pq) and add it: demesne secrets recipients --add <recipient>",
      });
    });
}
