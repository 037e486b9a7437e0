// An exported project in a folder, and plain ansible-playbook over it, as its README says.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportProject } from "../../src/apply/index.ts";
import { run } from "../../src/lib/run.ts";
import type { OpenTwin, Rehearsed } from "./applied-twin.ts";

const RUN_MS = 20 * 60_000;

/** Writes the project and the secrets that its user would fill in. */
export function exportTo(folder: string, { twin, secrets }: OpenTwin, { estate, resources }: Rehearsed): void {
  mkdirSync(folder, { recursive: true });
  const files = exportProject(estate.name, [{ address: twin.address, resources }]);
  for (const { path, text } of files) writeFileSync(join(folder, path), text);
  const values = estate.secretRefs.map(({ name }) => [name, secrets.open(name).unwrap()]);
  const filled = JSON.stringify({ demesne_secrets: Object.fromEntries(values) });
  writeFileSync(join(folder, "secrets.yml"), filled, { mode: 0o600 });
}

/** Nothing of Demesne's is used but the pinned ansible-core; the key is what an operator's agent would offer. */
export async function runProject(folder: string, { ansible, twin }: OpenTwin, options: readonly string[]) {
  const { PATH = "/usr/bin:/bin", HOME = "/root" } = process.env;
  const key = twin.address.identityFile ?? "";
  const argv = [ansible.playbook, "site.yml", "-e", "@secrets.yml", "--private-key", key, ...options];
  const env = { PATH, HOME, LC_ALL: "C.UTF-8", ANSIBLE_HOME: join(folder, ".ansible"), ANSIBLE_NOCOLOR: "1" };
  const { status, stdout, stderr } = await run(argv, { cwd: folder, env, timeoutMs: RUN_MS });
  return { failed: status !== 0, output: `${stdout.slice(-4000)}${stderr.slice(-2000)}` };
}
