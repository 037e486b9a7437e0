import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Sensitive } from "../lib/sensitive.ts";
import { aFile, aPerson, fixedClock, realRandom } from "./a-file.ts";
import type { Person } from "./a-file.ts";
import { changeSecrets, createSecrets } from "./change.ts";
import type { Change, Desk } from "./change.ts";
import { checkSecrets } from "./check.ts";
import { decryptFile, plainText } from "./codec.ts";
import { editSecrets } from "./edit.ts";

const effects = { clock: fixedClock, random: realRandom };
const room = mkdtempSync(join(tmpdir(), "demesne-change-"));
after(() => rmSync(room, { recursive: true }));
const [alice, bob, mallory] = [await aPerson(), await aPerson(true), await aPerson()];
let count = 0;

/** A folder with one secrets file in it. */
async function aDesk(plain: string, people: Person[], name = "s.sops.yaml"): Promise<Desk & { text(): string }> {
  count += 1;
  const folder = mkdtempSync(join(room, `${count}-`));
  const path = join(folder, name);
  writeFileSync(path, await aFile({ path: name, plain, people }));
  return { path, identities: [alice.identity], text: () => readFileSync(path, "utf8") };
}

async function plainOf(desk: Desk, who: Person = alice): Promise<string> {
  const text = readFileSync(desk.path, "utf8");
  return plainText(await decryptFile({ path: desk.path, text }, [who.identity]));
}

const set = (at: string, value: string, type: "str" | "int" | "bool" = "str"): Change => {
  const steps = at.split("/").map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  return { kind: "set", at: steps, value: new Sensitive(value), type };
};

const plain = "# top\ndb:\n  user: app # who\n  word: old\nlist:\n  - a\n  - b\nflow: {x: 1}\nempty:\nlast: z\n";

test("set changes one line of the file and one value of the text", async () => {
  const desk = await aDesk(plain, [alice]);
  const before = desk.text().split("\n");
  await changeSecrets(effects, desk, set("db/word", "new: #word"));
  assert.equal(await plainOf(desk), plain.replace("old", '"new: #word"'));
  const changed = desk
    .text()
    .split("\n")
    .filter((line, at) => line !== before[at]);
  assert.deepEqual(
    changed.map((line) => line.trim().split(":")[0]),
    ["word", "seal", "mac"],
  );
});

test("set adds keys, list items and maps where they belong", async () => {
  const desk = await aDesk(plain, [alice]);
  await changeSecrets(effects, desk, set("db/port", "5432", "int"));
  await changeSecrets(effects, desk, set("list/2", "c"));
  await changeSecrets(effects, desk, set("flow/y", "two"));
  await changeSecrets(effects, desk, set("empty", "no more"));
  await changeSecrets(effects, desk, set("new/deep/key", "true", "bool"));
  assert.equal(
    await plainOf(desk),
    '# top\ndb:\n  user: app # who\n  word: old\n  port: 5432\nlist:\n  - a\n  - b\n  - c\nflow: {x: 1, "y": two}\n' +
      "empty: no more\nlast: z\nnew:\n  deep:\n    key: true\n",
  );
});

test("set works in JSON and dotenv files", async () => {
  const json = await aDesk('{\n  "a": {\n    "b": 1\n  }\n}\n', [alice], "s.json");
  await changeSecrets(effects, json, set("a/c", "x"));
  assert.equal(await plainOf(json), '{\n  "a": {\n    "b": 1,\n    "c": "x"\n  }\n}\n');
  const dotenv = await aDesk("# c\nA=1\nB=2\n", [alice], "s.env");
  await changeSecrets(effects, dotenv, set("A", "one\ntwo"));
  await changeSecrets(effects, dotenv, set("C", "3"));
  assert.equal(await plainOf(dotenv), "# c\nA=one\\ntwo\nB=2\nC=3\n");
});

test("what set cannot do leaves the file as it was", async () => {
  const desk = await aDesk(plain, [alice]);
  const before = desk.text();
  for (const change of [set("db", "x"), set("last/deeper", "x"), set("list/9", "x"), set("db/port", "x", "int")]) {
    await assert.rejects(changeSecrets(effects, desk, change), { name: "Problem" });
  }
  await assert.rejects(changeSecrets(effects, { ...desk, identities: [bob.identity] }, set("last", "x")), /none of 1/);
  assert.equal(desk.text(), before);
  assert.deepEqual(readdirSync(join(desk.path, "..")), ["s.sops.yaml"]);
});

test("rotate makes a new data key and leaves no ciphertext as it was", async () => {
  const desk = await aDesk(plain, [alice, bob]);
  const before = new Set(desk.text().match(/ENC\[[^\]]*\]/g));
  const keyOf = async () => (await decryptFile({ path: desk.path, text: desk.text() }, desk.identities)).dataKey;
  const keyBefore = await keyOf();
  await changeSecrets(effects, desk, { kind: "rotate" });
  const now = desk.text().match(/ENC\[[^\]]*\]/g) ?? [];
  assert.ok(now.length > 5);
  assert.notDeepEqual(await keyOf(), keyBefore);
  assert.deepEqual(
    now.filter((value) => before.has(value)),
    [],
  );
  assert.equal(await plainOf(desk, bob), plain);
});

test("a removed recipient cannot open the file, and the values to replace are named", async () => {
  const desk = await aDesk(plain, [alice, bob]);
  const { toReplace } = await changeSecrets(effects, desk, { kind: "recipients", add: [], remove: [bob.recipient] });
  assert.deepEqual(toReplace, ["db/user", "db/word", "list", "flow/x", "empty", "last"]);
  await assert.rejects(plainOf(desk, bob), /none of 1/);
  assert.equal(await plainOf(desk), plain);
  const last = { kind: "recipients", add: [], remove: [alice.recipient] } as const;
  await assert.rejects(changeSecrets(effects, desk, last), /no recipient left/);
});

test("after a change by hand the seal refuses, and rotate --reseal accepts what the MAC still vouches for", async () => {
  const desk = await aDesk(plain, [alice]);
  writeFileSync(desk.path, desk.text().replace("empty:", "renamed:"));
  await assert.rejects(changeSecrets(effects, desk, { kind: "rotate" }), /changed by hand/);
  writeFileSync(desk.path, desk.text().replace(/^#ENC.*/, "# plain comment"));
  const findings = await checkSecrets({ path: desk.path, text: desk.text() }, { identities: [] });
  assert.ok(findings.some(({ what }) => what.startsWith("holds a comment in clear")));
  await changeSecrets(effects, desk, { kind: "rotate", isReseal: true });
  assert.ok(!desk.text().includes("plain comment"));
  assert.match(await plainOf(desk), /^renamed:$/m);
});

test("key groups: two of three are needed, and enough", async () => {
  const path = join(mkdtempSync(join(room, "groups-")), "s.sops.yaml");
  const groups = [[alice.recipient], [bob.recipient], [mallory.recipient]];
  const creation = { groups, threshold: 2, rule: { mode: "unencrypted_suffix", value: "_unencrypted" } } as const;
  await createSecrets(effects, { path, identities: [] }, { kind: "text", text: new Sensitive(plain) }, creation);
  const open = (...people: Person[]) =>
    decryptFile(
      { path, text: readFileSync(path, "utf8") },
      people.map(({ identity }) => identity),
    );
  await assert.rejects(open(alice), /none of 1/);
  for (const pair of [
    [alice, bob],
    [bob, mallory],
    [mallory, alice],
  ])
    assert.equal(plainText(await open(...pair)), plain);
});

const rules = (age: string) =>
  `creation_rules:\n  - path_regex: other\n    pgp: FFFF\n  - age: ${age}\n    encrypted_regex: ^word$\n`;

test("a new file follows the nearest .sops.yaml", async () => {
  const folder = mkdtempSync(join(room, "rules-"));
  const desk = { path: join(folder, "s.sops.yaml"), identities: [alice.identity] };
  await assert.rejects(createSecrets(effects, desk, { kind: "text", text: new Sensitive("a: b\n") }), /no .sops.yaml/);
  writeFileSync(join(folder, ".sops.yaml"), rules("age1nonsense"));
  await assert.rejects(createSecrets(effects, desk, { kind: "text", text: new Sensitive("a: b\n") }), /age1nonsense/);
  writeFileSync(join(folder, ".sops.yaml"), rules(`"${alice.recipient},${bob.recipient}"`));
  await createSecrets(effects, desk, { kind: "text", text: new Sensitive("name: seen\nword: unseen\n") });
  const text = readFileSync(desk.path, "utf8");
  assert.match(text, /^name: seen$/m);
  assert.doesNotMatch(text, /unseen/);
  const findings = await checkSecrets({ path: desk.path, text }, desk);
  assert.deepEqual(
    findings.map(({ what }) => what.slice(0, 15)),
    ["stands in clear", "its recipients "],
  );
  await assert.rejects(
    createSecrets(effects, desk, { kind: "text", text: new Sensitive("a: b\n") }),
    /is there already/,
  );
});

const SSH_KEYGEN = "ssh-keygen";

function anSshKey(folder: string, name: string): string {
  const key = join(folder, name);
  execFileSync(SSH_KEYGEN, ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key]);
  return key;
}

test("a planted recipient is refused at the next write once the recipients are signed", async () => {
  const desk = await aDesk(plain, [alice, bob]);
  const folder = join(desk.path, "..");
  const signingKey = anSshKey(folder, "signer");
  const allowedSigners = join(folder, "allowed_signers");
  writeFileSync(allowedSigners, `ops ${readFileSync(`${signingKey}.pub`, "utf8")}`);
  const signers = { allowedSigners, signingKey };
  const signed = { ...desk, signers };
  await assert.rejects(changeSecrets(effects, signed, set("last", "1")), /is missing/);
  await changeSecrets(effects, signed, { kind: "sign" });
  const first = readFileSync(`${desk.path}.recipients.json`, "utf8");
  const firstSignature = readFileSync(`${desk.path}.recipients.json.sig`, "utf8");
  await changeSecrets(effects, signed, set("last", "2"));

  await changeSecrets(effects, signed, { kind: "recipients", add: [], remove: [bob.recipient] });
  writeFileSync(`${desk.path}.recipients.json`, first);
  writeFileSync(`${desk.path}.recipients.json.sig`, firstSignature);
  await assert.rejects(changeSecrets(effects, signed, set("last", "3")), /older list/);
  await changeSecrets(effects, signed, { kind: "sign" });

  // Mallory can write files but has no key: she adds herself to a file as the sops program would leave it.
  const planted = desk
    .text()
    .replace(/ {4}demesne:\n( {8}.*\n)+/, "")
    .replace(/( +- recipient: )/, `$1${mallory.recipient}\n          enc: x\n$1`);
  writeFileSync(desk.path, planted);
  await assert.rejects(changeSecrets(effects, signed, set("last", "4")), /recipient age1.* added without an allowed/);
  await assert.rejects(changeSecrets(effects, desk, { kind: "sign" }), { name: "Problem" });

  const stranger = anSshKey(folder, "stranger");
  const other = { ...signed, signers: { allowedSigners, signingKey: stranger } };
  await assert.rejects(changeSecrets(effects, other, { kind: "sign" }), /not the key of an allowed signer/);
});

test("edit hands the text to the editor, in memory only, and leaves nothing behind", async () => {
  const desk = await aDesk(plain, [alice]);
  const folder = join(desk.path, "..");
  const seen = join(folder, "seen");
  const editor = join(folder, "editor.sh");
  writeFileSync(
    editor,
    `#!/bin/sh\nstat -f -c %T "$1" >${seen}; stat -c %a "$1" >>${seen}; echo "$1" >>${seen}\nsed -i s/old/edited/ "$1"\n`,
  );
  chmodSync(editor, 0o755);
  const env = { ...process.env, VISUAL: editor };
  const never = { env, mayRetry: async () => false };
  await editSecrets(effects, desk, never);
  assert.equal(await plainOf(desk), plain.replace("old", "edited"));
  const [type, mode, file = ""] = readFileSync(seen, "utf8").split("\n");
  assert.deepEqual([type, mode], ["tmpfs", "600"]);
  assert.throws(() => readFileSync(file), { code: "ENOENT" });
  assert.throws(() => readdirSync(join(file, "..")), { code: "ENOENT" });

  const before = desk.text();
  assert.equal(await editSecrets(effects, desk, never), undefined);
  writeFileSync(editor, '#!/bin/sh\necho "a: b: c" >"$1"\n');
  await assert.rejects(editSecrets(effects, desk, never), /is not YAML/);
  assert.equal(desk.text(), before);
});
