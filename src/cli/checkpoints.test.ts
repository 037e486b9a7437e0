// Checkpoints as an estate keeps them, with real keys and the real ssh-keygen; then through both commands.
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { auditFolder } from "../guard/index.ts";
import { openLedger, type Ledger } from "../ledger/index.ts";
import { run, type RunResult } from "../lib/run.ts";
import { compareCheckpoints, keepCheckpoint, toldOf, type Place } from "./checkpoints.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const KEEPER = "keeper@harbour.example";
let home = "";

before(async () => {
  home = await mkdtemp(join(tmpdir(), "checkpoints-"));
  for (const name of ["key", "stranger"]) {
    await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", join(home, name)], { timeoutMs: 10_000 });
  }
});
after(async () => await rm(home, { recursive: true, force: true }));

type House = Place & { readonly ledger: Ledger };

/** An estate with three entries, one of them in a segment of its own behind the checkpoint's. */
async function house(options = 'namespaces="demesne-checkpoint@v1" '): Promise<House> {
  const root = await mkdtemp(join(home, "estate-"));
  await mkdir(join(root, "policy"));
  const signers = `${KEEPER} ${options}${await readFile(join(home, "key.pub"), "utf8")}`;
  await writeFile(join(root, "policy/allowed_signers"), signers);
  const ledger = openLedger(join(root, ".demesne/ledger"), { maxSegmentBytes: 1 });
  for (const step of [1, 2]) await ledger.append({ kind: "step", step });
  return { root, folder: ".demesne/checkpoints", signal: AbortSignal.timeout(60_000), ledger };
}

const keep = async (place: House, key = "key"): Promise<string> =>
  await keepCheckpoint(place.ledger, place, { name: "apply", key: join(home, key) });
const faultsOf = async (place: House): Promise<string> =>
  (await compareCheckpoints(place.ledger, place)).faults.map(({ where, what }) => `${where}: ${what}`).join("\n");
const segmentsOf = async ({ root }: House): Promise<string[]> =>
  (await readdir(join(root, ".demesne/ledger"))).sort().map((name) => join(root, ".demesne/ledger", name));

test("what is kept is compared, and it is told who signed", async () => {
  const place = await house();
  assert.equal(basename(await keep(place)), "000000000002.checkpoint");
  await place.ledger.append({ kind: "step", step: 3 });
  await keep(place);
  const compared = await compareCheckpoints(place.ledger, place);
  assert.deepEqual([compared.isSound, compared.compared, compared.signers], [true, 2, [KEEPER]]);
  assert.equal(toldOf(compared), `with 2 checkpoints signed by ${KEEPER}`);
});

test("an end that was cut off is told, and not signed away", async () => {
  const place = await house();
  await keep(place);
  await rm((await segmentsOf(place)).at(-1) ?? "");
  assert.match(await faultsOf(place), /the ledger was cut: 1 entries are missing/);
  await assert.rejects(keep(place), { code: "ledger" });
});

test("a ledger written anew, sound in itself, is told, and not signed", async () => {
  const place = await house();
  await keep(place);
  await rm(join(place.root, ".demesne/ledger"), { recursive: true });
  for (const step of [1, 9]) await place.ledger.append({ kind: "step", step });
  assert.equal((await place.ledger.verify()).isSound, true);
  assert.match(await faultsOf(place), /the ledger was rewritten/);
  await assert.rejects(keep(place), { code: "ledger" });
});

test("a checkpoint that nobody listed signed is a fault", async () => {
  const cases: [string, (file: string) => Promise<unknown>, RegExp][] = [
    ["no signature", async (file) => await rm(`${file}.sig`), /is not signed/],
    ["another text", async (file) => await writeFile(file, (await readFile(file, "utf8")).replace("estate", "x")), /./],
    ["no checkpoint at all", async (file) => await writeFile(file, "x"), /./],
    ["no signature's form", async (file) => await writeFile(`${file}.sig`, "x"), /no key that is listed/],
  ];
  for (const [what, damage, told] of cases) {
    const place = await house();
    const file = await keep(place);
    await damage(file);
    const { isSound, compared, faults } = await compareCheckpoints(place.ledger, place);
    assert.deepEqual([isSound, compared, faults.length, faults[0]?.where], [false, 0, 1, file], what);
    assert.match(faults[0]?.what ?? "", told, what);
  }
  const place = await house();
  await keep(place, "stranger");
  assert.match(await faultsOf(place), /is by no key that is listed there/);
});

test("a key listed for something else does not sign checkpoints", async () => {
  const place = await house('namespaces="demesne-plan@v1" ');
  await keep(place);
  assert.match(await faultsOf(place), /not permitted for use in signature namespace/);
});

test("without a list of signers it is said that nobody's signature was checked", async () => {
  const place = await house();
  await keep(place);
  await rename(join(place.root, "policy"), join(place.root, "policy-away"));
  const compared = await compareCheckpoints(place.ledger, place);
  assert.deepEqual([compared.isSound, compared.signers], [true, undefined]);
  assert.match(toldOf(compared), /signatures were not checked: policy\/allowed_signers is not there/);
});

async function demesne(...args: string[]): Promise<RunResult> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: home };
  return await run([process.execPath, MAIN, ...args], { env, timeoutMs: 60_000 });
}

for (const name of ["log", "guard"]) {
  test(`demesne ${name}: checkpoint, verify, and a ledger that was cut`, async () => {
    const place = await house();
    const own = join(place.root, ".demesne/ledger");
    const folder = name === "log" ? own : auditFolder(place.root, home);
    await mkdir(join(folder, ".."), { recursive: true });
    if (name === "guard") await rename(own, folder);
    await chmod(join(home, "key"), 0o600);
    const signed = await demesne(name, "checkpoint", "--estate", place.root, "--key", join(home, "key"));
    assert.equal(signed.status, 0, signed.stderr);
    assert.match(
      signed.stdout,
      new RegExp(`/\\.demesne/${name === "log" ? "checkpoints" : "guard"}/0{11}2\\.checkpoint`),
    );
    const sound = await demesne(name, "verify", "--estate", place.root);
    assert.match(sound.stdout, /compared with 1 checkpoint signed by keeper@harbour\.example: sound/);
    await rm(join(folder, (await readdir(folder)).sort().at(-1) ?? ""));
    const cut = await demesne(name, "verify", "--estate", place.root);
    assert.notEqual(cut.status, 0);
    assert.match(cut.stdout, /the ledger was cut: 1 entries are missing/);
  });
}
