// The runbooks' blocks `sh host`, typed at a seat whose control host is a twin. The estate is init's, with one role and no
// services: what is shown is that the commands work in this order, not what a whole apply does (estate.test.ts).
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Twin } from "../../src/lab/index.ts";
import { docBlocks } from "./doc-blocks.ts";
import type { EstateCopy } from "./estate-copy.ts";
import { openShell } from "./newcomer-shell.ts";
import { takeSeat, type Seat } from "./seat.ts";

const skip = process.getuid?.() === 0 ? false : "twins need root";
const runbooks = join(import.meta.dirname, "../../src/init/template/runbooks");
const HOSTS = "inventory/hosts.yaml";

describe("runbooks at a host", { skip, timeout: 900_000 }, () => {
  const shell = openShell();
  let seat: Seat;
  before(async () => {
    const made = shell.type("demesne init estate --yes");
    assert.equal(made.status, 0, made.output);
    const estate = join(shell.room, "estates/estate");
    // The seat makes an identity of its own, and secrets for it.
    rmSync(join(estate, "inventory/secrets.sops.yaml"));
    seat = await takeSeat({ estate, user: "ops", place });
  });
  after(async () => {
    await seat?.close();
    shell.close();
  });

  /** In this order: a new host is built, changed, changed again in a hurry, and looked after. */
  const order: readonly (readonly [string, (estate: EstateCopy) => void])[] = [
    ["restore", () => {}],
    ["apply", (estate) => open(estate, 9100)],
    ["lost-laptop", (estate) => open(estate, 9200)],
    ["day-2", () => {}],
    ["rotate", () => {}],
  ];
  for (const [name, change] of order) {
    const blocks = docBlocks(readFileSync(join(runbooks, `${name}.md`), "utf8"));
    const commands = blocks.filter(({ kind }) => kind === "host").flatMap((block) => block.commands);
    test(`${name}: ${commands.length} commands are run against a twin`, async () => {
      assert.ok(commands.length > 0);
      change(seat.estate);
      for (const { line, exit } of commands) {
        const [program, ...args] = line.split(" ");
        assert.equal(program, "demesne");
        const { status, stdout, stderr, processes } = await seat.demesne(...args);
        assert.equal(status, exit, `${line}\n${stdout}${stderr}`);
        assert.deepEqual(processes, []);
      }
    });
  }

  test("doctor tells what the twin is, and that another key is another host", async () => {
    const { stdout } = await seat.demesne("doctor", "--host", "control");
    for (const subject of ["connection", "python3", "systemd", "system", "nft", "clock", "disk /", "disk /var/lib"]) {
      assert.match(stdout, new RegExp(`^ {2}(ok|note|warning) +${subject}: `, "m"));
    }
    assert.match(stdout, /^ {2}ok +system: debian-13$/m);
    const [key = ""] = seat.twin.address.hostKeys;
    seat.estate.edit(HOSTS, key, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE7U2fxwtEf8imDlimxK24EBqqh6i6fU7obAMIrriR68");
    const strange = await seat.demesne("doctor", "--host", "control");
    assert.equal(strange.status, 6, strange.stdout);
    assert.match(strange.stdout, /shows a host key that is not in the inventory/);
  });
});

/** The twin in the place of the example, with a firewall only. */
function place(estate: EstateCopy, { address4, address6, address }: Twin): void {
  for (const service of ["gateway", "open-webui", "embeddings", "presidio", "vllm"])
    estate.delete(`services/${service}`);
  // The seat's identity is not the one that init made.
  estate.delete(".sops.yaml");
  estate.edit("estate.yaml", "      service: vllm # one of ours; it must be live under this profile\n", "");
  estate.edit(HOSTS, "address: 192.0.2.10 #", `address: ${address4} #`);
  estate.edit(HOSTS, "address6: 2001:db8:10::10 #", `address6: ${address6} #`);
  estate.edit(HOSTS, '[203.0.113.0/24, "2001:db8:113::/48"]', "[any]");
  estate.edit(HOSTS, "roles: [common, ssh-hardening, firewall, docker, service]", "roles: [firewall]");
  const example = /- (ssh-ed25519 \S+ EXAMPLE) # \[question: its host key\]/.exec(
    readFileSync(join(estate.folder, HOSTS), "utf8"),
  );
  estate.edit(HOSTS, example?.[1] ?? "no host key", address.hostKeys[0] ?? "");
}

function open(estate: EstateCopy, port: number): void {
  const before_ = "    timezone: Etc/UTC\n";
  estate.edit(HOSTS, before_, `      - { port: ${port}, proto: tcp, from: [any], note: a change }\n${before_}`);
}
