// The operator's side: harbour with as many live hosts as the fleet has, an agent with the one key, secrets, and a folder for
// everything else.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { parseDocument } from "yaml";
import { loadEstate } from "../../src/estate/index.ts";
import { run } from "../../src/lib/run.ts";
import { copyEstate, harbour, renameOperator, type EstateCopy } from "../../test/journeys/estate-copy.ts";
import { USER, type Fleet } from "./hosts.ts";

export const MAIN = resolve(import.meta.dirname, "../../src/cli/demesne.js");
const HOSTS = "inventory/hosts.yaml";

export type Operator = {
  readonly estate: string;
  readonly room: string;
  readonly env: Readonly<Record<string, string>>;
  close(): void;
};

export async function seatOperator(fleet: Fleet): Promise<Operator> {
  const room = mkdtempSync(join(tmpdir(), "demesne-fleet-"));
  const estate = copyEstate(harbour);
  const socket = join(room, "agent");
  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: ["ignore", "pipe", "ignore"] });
  const close = (): void => {
    agent.kill();
    estate.remove();
    rmSync(room, { recursive: true, force: true });
  };
  const env = { HOME: room, SSH_AUTH_SOCK: socket, SOPS_AGE_KEY_FILE: join(room, "identity"), NO_COLOR: "1" };
  try {
    await once(agent.stdout, "data");
    await must(["ssh-add", "-q", fleet.identityFile], { SSH_AUTH_SOCK: socket });
    populate(estate, fleet);
    await fillSecrets(estate.folder, env);
    return { estate: estate.folder, room, env, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** All hosts are as `control` is, but for services, which stand on one host only. */
function populate(estate: EstateCopy, { hosts, publicKey }: Fleet): void {
  renameOperator(estate);
  estate.edit("estate.yaml", "    sudo: true #", `      - ${publicKey}\n    sudo: true #`);
  for (const name of ["chat", "gateway"]) estate.edit(`services/${name}/service.yaml`, "state: live", "state: dormant");
  const file = parseDocument(readFileSync(join(estate.folder, HOSTS), "utf8"));
  const model: unknown = file.getIn(["hosts", "control"]);
  const fields = JSON.parse(JSON.stringify(model));
  for (const { id, address, hostKeys } of hosts) {
    const open = [{ port: 22, proto: "tcp", from: ["any"], note: "ssh" }];
    const { address6: _, ...rest } = fields;
    file.setIn(["hosts", id], { ...rest, address, hostKeys, open, user: USER });
  }
  estate.write(HOSTS, file.toString());
}

/** As the operator does it, with the command line. */
async function fillSecrets(folder: string, env: Readonly<Record<string, string>>): Promise<void> {
  const identity = await generateX25519Identity();
  writeFileSync(env["SOPS_AGE_KEY_FILE"] ?? "", `${identity}\n`, { mode: 0o600 });
  const recipient = await identityToRecipient(identity);
  const { secretRefs } = await loadEstate(folder, { signal: AbortSignal.timeout(10_000) });
  for (const { name } of secretRefs)
    await must(
      [process.execPath, MAIN, "secrets", "set", name, "--random", "32", "--recipient", recipient],
      env,
      folder,
    );
}

async function must(argv: readonly string[], env: Readonly<Record<string, string>>, cwd?: string): Promise<void> {
  const { PATH = "/usr/bin:/bin" } = process.env;
  const { status, stderr } = await run(argv, { timeoutMs: 60_000, env: { PATH, ...env }, cwd });
  if (status !== 0) throw new Error(`${argv.slice(0, 4).join(" ")}: ${stderr}`);
}
