// Demesne beside the real sops, age and sops-age: changes made by one are read by the other, and SOPS's own test files open.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { z } from "zod";
import { Sensitive } from "../../src/lib/sensitive.ts";
import { aFile, aPerson, fixedClock, realRandom } from "../../src/secrets/a-file.ts";
import { changeSecrets, createSecrets } from "../../src/secrets/change.ts";
import { decryptFile, decryptWith, plainText, readFile } from "../../src/secrets/codec.ts";
import { DEFAULT_RULE } from "../../src/secrets/rule.ts";
import { tools, without } from "../cases/secrets/tools.ts";

const effects = { clock: fixedClock, random: realRandom };
const room = mkdtempSync(join(tmpdir(), "demesne-programs-"));
after(() => rmSync(room, { recursive: true }));
const [alice, bob, carol] = [await aPerson(), await aPerson(true), await aPerson()];
for (const [name, { identity }] of Object.entries({ alice, bob, carol })) {
  writeFileSync(join(room, `${name}.txt`), `${identity.unwrap()}\n`, { mode: 0o600 });
}

function run(program: string, args: readonly string[], who = "alice", input?: string | Buffer): string {
  const env = { PATH: process.env["PATH"], SOPS_AGE_KEY_FILE: join(room, `${who}.txt`), HOME: room };
  const options = { cwd: room, env, timeout: 30_000, ...(input === undefined ? {} : { input }) };
  const { status, stdout, stderr } = spawnSync(program, args, options);
  assert.equal(status, 0, `${program} ${args.join(" ")}: ${stderr.toString()}`);
  return stdout.toString();
}

const plain = "# top\na: one\nl:\n  - 1\n  - two\n";
const open = async (path: string, who = alice): Promise<string> => {
  const text = readFileSync(join(room, path), "utf8");
  return plainText(await decryptFile({ path, text }, [who.identity]));
};

test("sops reads a file for hybrid recipients, and demesne one that sops made", { skip: without("sops") }, async () => {
  writeFileSync(join(room, "h.yaml"), await aFile({ path: "h.yaml", plain, people: [bob] }));
  assert.match(run(tools.sops, ["decrypt", "h.yaml"], "bob"), /^a: one$/m);
  writeFileSync(join(room, "hp.yaml"), plain);
  writeFileSync(join(room, "h.yaml"), run(tools.sops, ["encrypt", "--age", bob.recipient, "hp.yaml"]));
  assert.match(await open("h.yaml", bob), /^a: one$/m);
});

test(
  "sops sets, rotates and adds keys in demesne's file; demesne goes on with it",
  { skip: without("sops") },
  async () => {
    const path = "s.yaml";
    writeFileSync(join(room, path), await aFile({ path, plain, people: [alice] }));
    run(tools.sops, ["set", path, '["a"]', '"by sops"']);
    run(tools.sops, ["rotate", "-i", "--add-age", bob.recipient, path]);
    assert.match(await open(path, bob), /^a: by sops$/m);
    const desk = { path: join(room, path), identities: [alice.identity] };
    await changeSecrets(effects, desk, {
      kind: "set",
      at: ["b", "c"],
      value: new Sensitive("by demesne"),
      type: "str",
    });
    await changeSecrets(effects, desk, { kind: "recipients", add: [carol.recipient], remove: [bob.recipient] });
    const read = run(tools.sops, ["decrypt", path], "carol");
    assert.match(read, /^a: by sops$/m);
    assert.match(read, /^ +c: by demesne$/m);
    assert.match(read, /^# top$/m);
  },
);

test("key groups: sops opens demesne's, demesne opens sops's", { skip: without("sops") }, async () => {
  const groups = [[alice.recipient], [bob.recipient], [carol.recipient]];
  writeFileSync(join(room, "both.txt"), [alice, carol].map(({ identity }) => identity.unwrap()).join("\n"));
  const path = "g.yaml";
  await createSecrets(
    effects,
    { path: join(room, path), identities: [] },
    { kind: "text", text: new Sensitive(plain) },
    {
      groups,
      threshold: 2,
      rule: DEFAULT_RULE,
    },
  );
  assert.match(run(tools.sops, ["decrypt", path], "both"), /^a: one$/m);
  run(tools.sops, ["rotate", "-i", path], "both");
  const opened = await decryptFile({ path, text: readFileSync(join(room, path), "utf8") }, [
    bob.identity,
    carol.identity,
  ]);
  assert.match(plainText(opened), /^a: one$/m);
});

/** An armored file at the place it has in the metadata. */
const lines = (enc: string): string => enc.trim().split("\n").join("\n              ");

test(
  "age opens a data key that demesne wrapped, and demesne one that age wrapped",
  { skip: without("age") },
  async () => {
    const path = "k.yaml";
    const text = await aFile({ path, plain, people: [alice, bob] });
    const { dataKey } = await decryptFile({ path, text }, [alice.identity]);
    const { metadata } = readFile({ path, text });
    for (const [at, who] of ["alice", "bob"].entries()) {
      const options = { cwd: room, input: metadata.age?.[at]?.enc ?? "", timeout: 30_000 };
      const { stdout } = spawnSync(tools.age, ["-d", "-i", `${who}.txt`], options);
      assert.deepEqual(new Uint8Array(stdout), new Uint8Array(dataKey));
    }
    for (const person of [alice, bob]) {
      const args = ["-a", "-r", person.recipient];
      const wrapped = run(tools.age, args, "alice", Buffer.from(dataKey));
      const enc = metadata.age?.[person === alice ? 0 : 1]?.enc ?? "";
      const swapped = text.replace(lines(enc), lines(wrapped)).replace(/ {4}demesne:\n.*\n/, "");
      assert.notEqual(swapped, text);
      assert.equal(plainText(await decryptFile({ path, text: swapped }, [person.identity])), plain);
    }
  },
);

const SopsAge = z.object({ decryptSops: z.custom<(text: string, options: object) => Promise<unknown>>() });

test("sops-age opens demesne's files", { skip: without("sopsAge") }, async () => {
  const { decryptSops } = SopsAge.parse(await import(tools.sopsAge));
  const cases = { "a.yaml": ["yaml", plain], "a.json": ["json", '{"a": "one", "l": [1, "two"]}'] } as const;
  for (const [path, [fileType, content]] of Object.entries(cases)) {
    const text = await aFile({ path, plain: content, people: [alice] });
    const read = await decryptSops(text, { secretKey: alice.identity.unwrap(), fileType });
    assert.deepEqual(read, { a: "one", l: [1, "two"] });
  }
});

const GPG = { program: "gpg", config: "gpgconf" };

/** The published files are encrypted to a PGP test key: gpg opens the data key, everything after that is ours. */
function pgpDataKey(home: string, enc: string): Uint8Array {
  const args = ["--homedir", home, "--batch", "--quiet", "--decrypt"];
  const { stdout } = spawnSync(GPG.program, args, { input: enc, timeout: 30_000 });
  return new Uint8Array(stdout);
}

const gpgMissing = spawnSync(GPG.program, ["--version"]).status === 0 ? false : "gpg is not on this machine";

test(
  "SOPS's own published files open, and the one without a MAC is refused",
  { skip: without("fixtures") || gpgMissing },
  (t) => {
    const home = mkdtempSync(join(room, "gpg-"));
    const files = join(tools.fixtures, "res");
    const seen: Record<string, string> = {};
    try {
      spawnSync(GPG.program, ["--homedir", home, "--batch", "--quiet", "--import", join(tools.fixtures, "key.asc")], {
        timeout: 30_000,
      });
      for (const path of readdirSync(files).filter((name) =>
        /\.enc\.(ya?ml|json|env)$|^(multiple_keys|no_mac)/.test(name),
      )) {
        const file = { path, text: readFileSync(join(files, path), "utf8") };
        try {
          const { parsed, metadata } = readFile(file);
          const enc = metadata.pgp?.map((key) => String(key["enc"])) ?? [];
          const key = enc.map((each) => pgpDataKey(home, each)).find(({ length }) => length === 32);
          assert.ok(key !== undefined, path);
          seen[path] = plainText(decryptWith(file, parsed, metadata, key));
        } catch (problem) {
          seen[path] = `refused: ${String(problem)}`;
        }
      }
    } finally {
      spawnSync(GPG.config, ["--homedir", home, "--kill", "gpg-agent"], { timeout: 30_000 });
    }
    const { "no_mac.yaml": noMac, ...read } = seen;
    assert.match(noMac ?? "", /refused: .*mac/i);
    t.assert.snapshot(read);
  },
);
