// An estate as it lies here: does it read, can its secrets be opened, are generated files as they were made, is it kept twice?
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadEstate, openSecrets, type Estate } from "../estate/index.ts";
import { PLACEHOLDER, staleSchemas } from "../init/index.ts";
import { run } from "../lib/run.ts";
import { checkSecrets, describeSecrets } from "../secrets/desk/index.ts";
import { loadIdentities } from "../secrets/index.ts";
import { bad, looked, ok, type Finding } from "./finding.ts";
import { lookAtGuard } from "./guardrails.ts";
import type { Environment } from "./identity.ts";

export type EstatePlace = {
  readonly root: string;
  readonly env: Environment;
  /** The home folder, in which the client's own settings lie. */
  readonly home: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
};

const SECRETS = "inventory/secrets.sops.yaml";
const TIMEOUT_MS = 20_000;
/** A clock may be that far behind the newest commit. */
const BEHIND_S = 300;

/** Every finding about an estate. Never throws for what is wrong with it. */
export async function lookAtEstate(place: EstatePlace): Promise<readonly Finding[]> {
  const { root, signal } = place;
  const estate = await loadEstate(root, { signal }).catch((error: unknown) => error);
  const isRead = isEstate(estate);
  const parts = await Promise.all([
    looked("files", async () => {
      if (!isRead) throw estate;
      const live = estate.hosts.filter(({ state }) => state === "live").map(({ id }) => id);
      return [
        ok(
          "files",
          `${estate.name}, profile ${estate.profile}, ${estate.inputs.length} files; live: ${live.join(", ")}`,
        ),
      ];
    }),
    generated(root),
    ...(isRead ? [secrets(place, estate)] : []),
    repository(place),
    lookAtGuard(place),
  ]);
  return parts.flat();
}

function isEstate(found: unknown): found is Estate {
  return typeof found === "object" && found !== null && "secretRefs" in found;
}

async function generated(root: string): Promise<readonly Finding[]> {
  const stale = await staleSchemas(root);
  if (stale.length === 0) return [ok("schemas", "are those of this version")];
  const what = `${stale.join(", ")}: missing, changed, or of another version; an editor checks with them`;
  return [bad("warning", "schemas", what, `demesne init ${root} writes them anew, and nothing else`)];
}

async function secrets({ root, env, signal }: EstatePlace, estate: Estate): Promise<readonly Finding[]> {
  const path = join(root, SECRETS);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) {
    const fix = `in the estate: demesne secrets edit, with the names of inventory/secrets.example.yaml`;
    return [bad("error", "secrets", `${SECRETS} is not there`, fix)];
  }
  const parts = await Promise.all([
    looked("secrets", async () => await opened(estate, env, signal)),
    looked("secrets", async () => await checked({ path, text }, root, env, signal)),
    looked("recipients", async () => recipients({ path, text })),
  ]);
  return parts.flat();
}

/** Opens them as a plan would; a placeholder of init is no value. */
async function opened(estate: Estate, env: Environment, signal: AbortSignal): Promise<readonly Finding[]> {
  const all = await openSecrets(estate, { env, signal });
  const used = estate.secretRefs.filter(({ usedBy }) => usedBy.length > 0).map(({ name }) => name);
  const unset = used.filter((name) => all.get(name).unwrap().startsWith(PLACEHOLDER));
  return [
    ok("secrets", `open with this identity; ${used.length} are in use`),
    ...unset.map((name) =>
      bad("warning", "secrets", `${name} is still init's placeholder`, `demesne secrets set ${name}`),
    ),
  ];
}

type SecretsText = { readonly path: string; readonly text: string };

async function checked(
  file: SecretsText,
  root: string,
  env: Environment,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const allowedSigners = join(root, "policy/allowed_signers");
  const isSigned = (await readFile(allowedSigners, "utf8").catch(() => undefined)) !== undefined;
  const signers = isSigned ? { allowedSigners, signingKey: undefined, signal } : undefined;
  const found = await checkSecrets(file, { identities: await loadIdentities(env, signal), signers });
  return found.map(({ severity, where, what, fix }) =>
    bad(severity, "secrets", `${where.replace(file.path, SECRETS)}: ${what}`, fix.replace(file.path, SECRETS)),
  );
}

/** With one identity only, a lost machine takes the secrets with it. */
function recipients(file: SecretsText): readonly Finding[] {
  const all = describeSecrets(file).recipients.flat();
  if (all.length > 1) return [ok("recipients", `${all.length} identities can open the secrets`)];
  const fix = "make another one that lies offline (age-keygen -pq), then: demesne secrets recipients --add RECIPIENT";
  return [bad("warning", "recipients", "one identity alone opens the secrets: if it is lost, so are they", fix)];
}

async function repository({ root, now, signal }: EstatePlace): Promise<readonly Finding[]> {
  const git = async (...args: readonly string[]): Promise<string | undefined> => {
    const found = await run(["git", "-C", root, ...args], { timeoutMs: TIMEOUT_MS, signal }).catch(() => undefined);
    return found?.status === 0 ? found.stdout.trim() : undefined;
  };
  const commit = await git("log", "-1", "--format=%ct");
  if (commit === undefined) {
    return [bad("error", "git", "the estate is in no repository with a commit", "git init, git add --all, git commit")];
  }
  const behind = Number(commit) - now / 1000;
  const remotes = await git("remote");
  return [
    ...(behind > BEHIND_S
      ? [bad("error", "clock", `is ${Math.round(behind / 60)} minutes behind the newest commit`, "set it: timedatectl")]
      : []),
    remotes === "" || remotes === undefined
      ? bad(
          "warning",
          "git",
          "the repository has no remote: the estate is on this machine alone",
          "git remote add origin URL",
        )
      : ok("git", `remote: ${remotes.split("\n").join(", ")}`),
  ];
}
