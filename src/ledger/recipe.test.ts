// The recipe that docs/formats/ledger.md gives an auditor is run here as it is printed there.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { run } from "../lib/run.ts";
import { openLedger, signCheckpoint, verifyCheckpoint } from "./index.ts";

const SIGNER = "keeper@harbour.example";
let home = "";
let recipe = "";

before(async () => {
  home = await mkdtemp(join(tmpdir(), "recipe-"));
  const page = await readFile(new URL("../../docs/formats/ledger.md", import.meta.url), "utf8");
  recipe = /```sh\n(.*?)```/s.exec(page)?.[1] ?? "";
  const key = join(home, "key");
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key], { timeoutMs: 10_000 });
  const line = `${SIGNER} namespaces="demesne-checkpoint@v1" ${await readFile(`${key}.pub`, "utf8")}`;
  await writeFile(join(home, "allowed_signers"), line);
  const ledger = openLedger(join(home, "ledger"), { maxSegmentBytes: 300 });
  for (let n = 0; n < 6; n += 1) await ledger.append({ kind: "step", n, note: 'back\\slash, "quote", 100 %s, größe' });
  const checkpoint = await ledger.checkpoint("harbour/test");
  await writeFile(join(home, "checkpoint"), checkpoint);
  await writeFile(join(home, "checkpoint.sig"), await signCheckpoint(checkpoint, { keyFile: key }));
  await ledger.append({ kind: "later" });
});
after(async () => await rm(home, { recursive: true, force: true }));

async function follow(): Promise<string[]> {
  const env = { PATH: process.env["PATH"] ?? "", SIGNER };
  const { stdout, stderr } = await run(["bash", "--norc", "-c", recipe], {
    cwd: join(home, "ledger"),
    env,
    timeoutMs: 20_000,
  });
  return `${stdout}${stderr}`.trim().split("\n");
}

const GOOD = new RegExp(`^Good "demesne-checkpoint@v1" signature for ${SIGNER}`);

test("a sound ledger: the signature is good, nothing else is said", async () => {
  const lines = await follow();
  assert.match(lines[0] ?? "", GOOD);
  assert.equal(lines.length, 1);
});

test("a changed record, a removed segment, a cut end and a changed checkpoint are each told", async () => {
  const segments = (await readdir(join(home, "ledger"))).filter((name) => name.endsWith(".jsonl")).sort();
  assert.equal(segments.length, 7, "one entry a segment");
  const files = segments.map((name) => join(home, "ledger", name));
  const damages: [string[], (text: string) => string, RegExp][] = [
    [files.slice(2, 3), (text) => text.replace('"n":2', '"n":9'), /entry 3: does not have the hash it states/],
    [files.slice(2, 3), () => "", /entry 3: does not follow the one before it/],
    [files.slice(5), () => "", /the end is cut off: 5 entries/],
    [[join(home, "checkpoint")], (text) => text.replace("\n6\n", "\n5\n"), /Could not verify[^]*entry 5: not the one/],
  ];
  for (const [paths, damage, told] of damages) {
    const texts = await Promise.all(paths.map(async (path) => await readFile(path, "utf8")));
    for (const [index, path] of paths.entries()) await writeFile(path, damage(texts[index] ?? ""));
    const lines = await follow();
    for (const [index, path] of paths.entries()) await writeFile(path, texts[index] ?? "");
    assert.match(lines.join("\n"), told);
  }
});

test("a pruned ledger is followed on from where it was cut", async () => {
  const ledger = openLedger(join(home, "ledger"));
  assert.ok((await ledger.prune(await readFile(join(home, "checkpoint"), "utf8"))) > 0);
  const lines = await follow();
  assert.match(lines[0] ?? "", GOOD);
  assert.equal(lines.length, 1);
});

test("a signature counts only for its text, its signer and its purpose", async () => {
  const trust = { allowedSigners: join(home, "allowed_signers"), principal: SIGNER };
  const checkpoint = await readFile(join(home, "checkpoint"), "utf8");
  const signature = await readFile(join(home, "checkpoint.sig"), "utf8");
  await verifyCheckpoint(checkpoint, signature, trust);
  await assert.rejects(verifyCheckpoint(`${checkpoint}x`, signature, trust), { code: "ledger" });
  await assert.rejects(verifyCheckpoint(checkpoint, signature, { ...trust, principal: "other@harbour.example" }), {
    code: "ledger",
  });
  const argv = ["ssh-keygen", "-Y", "sign", "-f", join(home, "key"), "-n", "git"];
  const { stdout } = await run(argv, { input: checkpoint, timeoutMs: 10_000 });
  await assert.rejects(verifyCheckpoint(checkpoint, stdout, trust), { code: "ledger" });
  await assert.rejects(signCheckpoint(checkpoint, { keyFile: join(home, "absent") }), /cannot sign/);
});
