// The age identity that opens an estate's secrets: there, readable, and nobody else's to read.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { loadIdentities } from "../secrets/index.ts";
import { bad, looked, ok, type Finding } from "./finding.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

const SUBJECT = "age identity";

/** Where it is looked for is where `demesne secrets` looks. */
export async function lookAtIdentity(env: Environment, signal: AbortSignal): Promise<readonly Finding[]> {
  return await looked(SUBJECT, async () => {
    const found = await loadIdentities(env, signal);
    if (found.length === 0) {
      const fix = "demesne init makes one; or by hand: age-keygen -pq -o ~/.config/sops/age/keys.txt";
      return [bad("error", SUBJECT, "there is none: no secret can be opened", fix)];
    }
    const open = (await Promise.all(files(env).map(openToOthers))).flat();
    return open.length > 0 ? open : [ok(SUBJECT, found.length === 1 ? "one" : `${found.length} of them`)];
  });
}

function files(env: Environment): readonly string[] {
  const config = env["XDG_CONFIG_HOME"] ?? (env["HOME"] === undefined ? undefined : join(env["HOME"], ".config"));
  const usual = config === undefined ? [] : [join(config, "sops", "age", "keys.txt")];
  return [...(env["SOPS_AGE_KEY_FILE"] ? [env["SOPS_AGE_KEY_FILE"]] : []), ...usual];
}

async function openToOthers(file: string): Promise<readonly Finding[]> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined || (found.mode & 0o077) === 0) return [];
  const mode = (found.mode & 0o777).toString(8).padStart(4, "0");
  return [bad("error", SUBJECT, `${file} has mode ${mode}, should have 0600`, `chmod 600 ${file}`)];
}
