import { generateX25519Identity, identityToRecipient } from "age-encryption";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Estate, loadEstate, openSecrets } from "./index.ts";

const small = join(import.meta.dirname, "../../test/estates/small");
const folder = await mkdtemp(join(tmpdir(), "estate-secrets-"));
after(async () => await rm(folder, { recursive: true }));

const main = join(import.meta.dirname, "../cli/main.ts");
const DEADLINE_MS = 60_000;
const options = { signal: AbortSignal.timeout(DEADLINE_MS), env: {} };
/** Looks encrypted, which is all that reading an estate asks for. */
const sealed = "gateway:\n    upstream_key: ENC[AES256_GCM,data:AA==,type:str]\nsops:\n    version: 3.13.3\n";

async function estate(name: string, secrets?: string): Promise<Estate> {
  const dir = join(folder, name);
  await cp(small, dir, { recursive: true });
  if (secrets !== undefined) await writeFile(join(dir, "inventory/secrets.sops.yaml"), secrets);
  const clock = { now: () => Date.parse("2026-11-21T12:00:00Z") };
  return await loadEstate(dir, { signal: options.signal, clock });
}

test("an estate is read without its secrets, and says so when they are wanted", async () => {
  await assert.rejects(openSecrets(await estate("without"), options), {
    code: "estate",
    message: "inventory/secrets.sops.yaml: is missing",
  });
});

test("the secrets file is an input of the estate", async () => {
  const { inputs } = await estate("input", sealed);
  assert.ok(inputs.some(({ path }) => path === "inventory/secrets.sops.yaml"));
});

test("secrets that changed since the estate was read are refused", async () => {
  const read = await estate("changed", sealed);
  await writeFile(join(read.root, "inventory/secrets.sops.yaml"), `${sealed}# and more\n`);
  await assert.rejects(openSecrets(read, options), { code: "stale" });
});

test("secrets that nobody can open are the secrets room's to refuse", async () => {
  await assert.rejects(openSecrets(await estate("damaged", sealed), options), { code: "secret" });
});

test("secrets that somebody without a key could have changed are refused", async () => {
  const identity = await generateX25519Identity();
  const keyed = { ...options, env: { SOPS_AGE_KEY: identity } };
  const recipient = await identityToRecipient(identity);
  const withSecret = async (name: string): Promise<Estate> => {
    const path = join(folder, `${name}.sops.yaml`);
    const argv = [main, "secrets", "set", name, "--file", path, "--recipient", recipient];
    execFileSync(process.execPath, argv, { input: "word", cwd: folder, timeout: DEADLINE_MS });
    return await estate(name, await readFile(path, "utf8"));
  };
  const inClear = await withSecret("note_unencrypted");
  await assert.rejects(openSecrets(inClear, keyed), { code: "secret", what: /stands in clear/ });
  const whole = await withSecret("note");
  // Past the door, and missing what this estate needs.
  await assert.rejects(openSecrets(whole, keyed), { code: "estate" });
});
