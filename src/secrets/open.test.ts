import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { inspect } from "node:util";
import { Sensitive } from "../lib/sensitive.ts";
import { aFile, aPerson } from "./a-file.ts";
import { checkSecrets } from "./check.ts";
import { sealValue } from "./cipher.ts";
import { decryptFile } from "./codec.ts";
import { loadIdentities, openSecrets } from "./index.ts";
import type { SecretTree } from "./index.ts";
import { macHash } from "./mac.ts";
import { macAad } from "./metadata.ts";

const person = await aPerson();
const plain =
  "# c\ndigest_key: 0123456789abcdef0123456789abcdef\ndb:\n  password: canary-value\n  port: 5432\n  on: true\nlist:\n" +
  "  # comment in a list\n  - one\n  - name: two\nnothing: ~\nconstructor: x\n__proto__: y\nempty: ''\n";

const opened = await openSecrets({ path: "s.yaml", text: await aFile({ path: "s.yaml", plain, people: [person] }) }, [
  person.identity,
]);

/** The tree with its values in clear, for comparison. */
function clear(tree: SecretTree | undefined): unknown {
  if (tree === null || tree === undefined) return tree;
  if (tree instanceof Sensitive) return tree.unwrap();
  if (Array.isArray(tree)) return tree.map(clear);
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, clear(value)]));
}

test("the tree has every name, and every value is Sensitive", () => {
  assert.deepEqual(
    clear(opened.tree),
    JSON.parse(
      '{"digest_key":"0123456789abcdef0123456789abcdef","db":{"password":"canary-value","port":"5432","on":"true"},' +
        '"list":["one",{"name":"two"}],"nothing":null,"constructor":"x","__proto__":"y","empty":""}',
    ),
  );
  for (const shown of [JSON.stringify(opened), inspect(opened, { depth: 9 }), String(opened.get("db/password"))]) {
    assert.doesNotMatch(shown, /canary|5432|0123456789/);
  }
});

test("a value is had by its reference; what is no value is told", () => {
  assert.equal(opened.get("list/1/name").unwrap(), "two");
  for (const [reference, what] of Object.entries({
    "db/nope": "is not in the file",
    nothing: "is not in the file",
    db: "is a map or a list",
    "list/7": "is not in the file",
    "db/password/length": "is not in the file",
    toString: "is not in the file",
  })) {
    assert.throws(() => opened.get(reference), { name: "Problem", what: new RegExp(what) });
  }
});

test("digests are keyed by the file's own key, and need it", async () => {
  const digest = opened.digest(new Sensitive("value"));
  assert.match(digest, /^hmac-sha256:[0-9a-f]{64}$/);
  assert.equal(opened.digest("value"), digest);
  assert.notEqual(opened.digest("other"), digest);
  const text = await aFile({ path: "s.yaml", plain: "digest_key: another\n", people: [person] });
  const other = await openSecrets({ path: "s.yaml", text }, [person.identity]);
  assert.notEqual(other.digest("value"), digest);
  const keyless = await aFile({ path: "s.yaml", plain: "a: b\n", people: [person] });
  const without = await openSecrets({ path: "s.yaml", text: keyless }, [person.identity]);
  assert.throws(() => without.digest("value"), { fix: "demesne secrets set digest_key --file s.yaml --random 32" });
});

/** As another program may write it: opens, though its MAC leaves values in clear out. */
async function macOnlyEncrypted(): Promise<string> {
  const path = "s.yaml";
  const text = await aFile({ path, plain: "a: word\n", people: [person] });
  const { dataKey, metadata } = await decryptFile({ path, text }, [person.identity]);
  const hash = macHash(true);
  hash.add("word", true);
  const mac = sealValue("str", hash.value(), dataKey, macAad(metadata), new Uint8Array(32));
  const marked = text.replace(/^( +)mac: /m, "$1mac_only_encrypted: true\n$1mac: ").replace(metadata.mac, mac);
  return marked.replace(/^ +demesne:\n +seal: .*\n/m, "");
}

test("asked for a file that is protected whole, it refuses values in clear and a MAC over the encrypted ones only", async () => {
  const path = "s.yaml";
  const names = "name_unencrypted: seen\nhost_unencrypted: seen too\nnothing: ~\nword: unseen\n";
  const inClear = await aFile({ path, plain: names, people: [person] });
  const cases = [
    [inClear, { where: `${path} name_unencrypted`, what: /in clear by the file's rule \(and 1 more: / }],
    [await macOnlyEncrypted(), { where: path, what: /mac_only_encrypted/ }],
  ] as const;
  for (const [text, refused] of cases) {
    await openSecrets({ path, text }, [person.identity]);
    await assert.rejects(openSecrets({ path, text }, [person.identity], { isAllProtected: true }), {
      code: "secret",
      ...refused,
    });
    const findings = await checkSecrets({ path, text }, { identities: [person.identity] });
    assert.ok(findings.some(({ severity, where }) => severity === "error" && where === refused.where));
  }
  const text = await aFile({ path, plain, people: [person] });
  await openSecrets({ path, text }, [person.identity], { isAllProtected: true });
});

const write = (path: string, text: string): void => writeFileSync(path, text, { mode: 0o600 });

test("identities come from where sops looks; a key that all can read and a stranger's key are refused", async () => {
  const home = mkdtempSync(join(tmpdir(), "demesne-identities-"));
  after(() => rmSync(home, { recursive: true }));
  const standard = join(home, ".config", "sops", "age");
  mkdirSync(standard, { recursive: true });
  const [second, third, fourth] = [await aPerson(), await aPerson(true), await aPerson()];
  write(join(standard, "keys.txt"), `# created: today\n${second.identity.unwrap()}\n`);
  write(join(home, "k"), `${third.identity.unwrap()}\r\n\n`);
  const env = {
    PATH: process.env["PATH"],
    HOME: home,
    SOPS_AGE_KEY: person.identity.unwrap(),
    SOPS_AGE_KEY_FILE: join(home, "k"),
    SOPS_AGE_KEY_CMD: `echo ${fourth.identity.unwrap()}`,
  };
  const found = (await loadIdentities(env)).map((identity) => identity.unwrap());
  assert.deepEqual(
    found,
    [person, third, fourth, second].map(({ identity }) => identity.unwrap()),
  );
  assert.deepEqual(await loadIdentities({ HOME: join(home, "nobody") }), []);

  chmodSync(join(home, "k"), 0o604);
  await assert.rejects(loadIdentities(env), /every user/);
  await assert.rejects(loadIdentities({ SOPS_AGE_KEY_FILE: join(home, "none") }), /cannot be read/);
  await assert.rejects(loadIdentities({ SOPS_AGE_KEY_CMD: "false" }), /ended with status 1/);
  await assert.rejects(loadIdentities({ SOPS_AGE_KEY: "AGE-SECRET-canary" }), (error: Error) => {
    assert.doesNotMatch(inspect(error), /canary/);
    return error.name === "Problem";
  });
});
