// Two operators, each with a clone: one plans, both approve, the other applies, and nobody applies it again. Then each way in
// which a host itself shows that a plan is not for it, or no longer.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { KINDS, realKey } from "../../src/approval/keys-fixture.ts";
import { canonicalJson } from "../../src/lib/canonical-json.ts";
import { run } from "../../src/lib/run.ts";
import { Plan } from "../../src/plan/index.ts";
import type { Seat } from "./seat.ts";
import { openWall } from "./wall.ts";
import { assertEnds, demesne, type Ended } from "./watched.ts";

const skip = process.getuid?.() === 0 ? false : "twins need root";
const PLAN = ".demesne/plans/first.json";
const RULES = `approvals:
  routine: { people: 0 }
  restart: { people: 1 }
  connectivity: { people: 1, author: false }
  data-loss: { people: 2 }
  reboot: { people: 2 }
`;

type Operator = { readonly name: string; readonly folder: string; readonly home: string };

describe("two operators and a twin", { skip, timeout: 600_000 }, () => {
  let wall: Seat;
  let room: string;
  let alice: Operator;
  let bob: Operator;
  before(async () => {
    wall = await openWall();
    room = mkdtempSync(join(tmpdir(), "demesne-operators-"));
    alice = { name: "alice", folder: wall.estate.folder, home: homeOf("alice") };
    bob = { name: "bob", folder: join(room, "clone"), home: homeOf("bob") };
    wall.estate.edit("estate.yaml", "accounts:\n", `${RULES}accounts:\n`);
    mkdirSync(join(wall.estate.folder, "policy"));
    wall.estate.write("policy/allowed_signers", [alice, bob].map(signerOf).join(""));
    await git(alice, "init", "-q", "-b", "main");
    await commit(alice, "Begin");
    await git(alice, "clone", "-q", alice.folder, bob.folder);
  });
  after(async () => {
    await wall?.close();
    if (room !== undefined) rmSync(room, { recursive: true, force: true });
  });

  function homeOf(name: string): string {
    const home = join(room, name);
    mkdirSync(join(home, ".ssh"), { recursive: true });
    realKey(join(home, ".ssh"), "id_ed25519", KINDS.ed25519);
    writeFileSync(join(home, ".gitconfig"), `[user]\n\tname = ${name}\n\temail = ${name}@wall.example\n`);
    return home;
  }

  function signerOf({ name, home }: Operator): string {
    const [type, key] = readFileSync(join(home, ".ssh/id_ed25519.pub"), "utf8").split(" ");
    return `${name}@wall.example namespaces="demesne-plan@v1" ${type} ${key}\n`;
  }

  const as = async ({ folder, home }: Operator, ...args: readonly string[]): Promise<Ended> =>
    await demesne(args, { cwd: folder, env: { ...wall.env, HOME: home } });

  async function git({ folder, home }: Operator, ...args: readonly string[]): Promise<void> {
    const cwd = existsSync(folder) && args[0] !== "clone" ? folder : room;
    const env = { PATH: process.env["PATH"] ?? "", HOME: home };
    const { status, stderr } = await run(["git", ...args], { cwd, env, timeoutMs: 20_000 });
    assert.equal(status, 0, stderr);
  }

  async function commit(who: Operator, message: string): Promise<void> {
    await git(who, "add", "-A");
    await git(who, "commit", "-q", "-m", message);
  }

  test("one plans and signs, the other signs and applies from another clone; the receipt names both", async () => {
    mkdirSync(join(alice.folder, ".demesne/plans"), { recursive: true });
    assertEnds(
      await as(alice, "plan", "--out", PLAN, "--html", "plan.html"),
      2,
      /by alice@wall\.example \(alice <alice@wall\.example>\)/,
    );
    assertEnds(
      await as(alice, "apply", PLAN),
      13,
      /connectivity: 1 of 1 person besides the author missing, could be bob@wall\.example, alice@wall\.example, the author, has not signed/,
    );
    assertEnds(await as(alice, "approve", PLAN, "--yes"), 0, /^alice@wall\.example approved/m);
    assert.match(
      readFileSync(join(alice.folder, "plan.html"), "utf8"),
      /^<!doctype html>\n<html lang="en">[^]*Plan for wall/,
    );
    rmSync(join(alice.folder, "plan.html"));
    await commit(alice, "Plan the first change, approved by alice");

    await git(bob, "pull", "-q");
    assertEnds(
      await as(bob, "apply", PLAN),
      13,
      /1 of 1 person besides the author missing, could be bob@wall\.example/,
    );
    assertEnds(await as(bob, "approve", PLAN, "--yes"), 0, /it may be applied/);
    assertEnds(await as(bob, "apply", PLAN), 0, /control: \d+ changes applied, 0 left/);
    const entries = (await as(bob, "log", "--json")).stdout.trim().split("\n");
    const records: { record: { kind: string; by?: { principal: string; signature: string }[] } }[] = entries.map(
      (line) => JSON.parse(line),
    );
    const approved = records.find(({ record }) => record.kind === "apply/approved")?.record.by ?? [];
    assert.deepEqual(
      approved.map((each) => each.principal),
      ["alice@wall.example", "bob@wall.example"],
    );
    for (const { signature } of approved) assert.match(signature, /^sha256:[0-9a-f]{64}$/);
  });

  test("a used plan: the host knows it, whichever clone it comes from", async () => {
    await commit(bob, "Approve the first change");
    await git(alice, "pull", "-q", bob.folder, "main");
    for (const who of [alice, bob])
      assertEnds(
        await as(who, "apply", PLAN),
        8,
        /^host control: has applied this plan before, and a plan is applied once\nfix: plan again/m,
      );
  });

  test("a plan is told from one that was edited, though its JSON is canonical and nobody's approval is asked for", async () => {
    await alone();
    await wall.inTwin("rm /etc/demesne/firewall.nft");
    assertEnds(await as(alice, "plan", "--out", "plan.json"), 2, /write \/etc\/demesne\/firewall\.nft/);
    const made = readFileSync(join(alice.folder, "plan.json"), "utf8");
    const edited = made.replaceAll("policy drop", "policy accept");
    assert.notEqual(edited, made);
    assert.equal(canonicalJson(Plan.parse(JSON.parse(edited))), edited);
    wall.estate.write("plan.json", edited);
    assertEnds(
      await as(alice, "apply", "plan.json"),
      8,
      /^host control: the plan's .*stages are not what this estate gives for this host: the plan was edited, so nothing was done\n/m,
    );
    assert.equal(await wall.inTwin("ls /etc/demesne"), "");
    wall.estate.write("plan.json", made);
    assertEnds(await as(alice, "apply", "plan.json"), 0, /0 left/);
  });

  test("a host that has changed since", async () => {
    await wall.inTwin("rm /etc/demesne/firewall.nft");
    assertEnds(await as(alice, "plan", "--out", "plan.json"), 2, /firewall\.nft/);
    await wall.inTwin("echo '# by hand' > /etc/demesne/firewall.nft");
    assertEnds(
      await as(alice, "apply", "plan.json"),
      8,
      /^host control: has changed since the plan was made, so nothing was done: it is about file:\/etc\/demesne\/firewall\.nft.*\n/m,
    );
    assert.equal(await wall.inTwin("cat /etc/demesne/firewall.nft"), "# by hand");
  });

  test("another machine in the host's place", async () => {
    assertEnds(await as(alice, "plan", "--out", "plan.json"), 2, /firewall\.nft/);
    const id = await wall.inTwin("cat /etc/machine-id");
    await wall.inTwin(`echo ${"0123456789abcdef".repeat(2)} > /etc/machine-id`);
    assertEnds(
      await as(alice, "apply", "plan.json"),
      8,
      /^host control: is another machine than the one that was planned for \(its machine-id differs\)\n/m,
    );
    await wall.inTwin(`echo ${id} > /etc/machine-id`);
    assertEnds(await as(alice, "apply", "plan.json"), 0, /0 left/);
  });

  /** From here on a single operator. */
  async function alone(): Promise<void> {
    wall.estate.edit("estate.yaml", RULES, "");
    await commit(alice, "Ask for nobody's approval");
  }
});
