import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { assert as check, asyncProperty, nat } from "fast-check";
import { aFile, aPerson } from "./a-file.ts";
import { decryptFile, plainText } from "./codec.ts";
import type { SecretsFile } from "./codec.ts";
import type { Person } from "./a-file.ts";

const cases = new URL("../../test/cases/secrets/interop/", import.meta.url);
const person = await aPerson();
const open = (file: SecretsFile, who: Person = person) => decryptFile(file, [who.identity]);

for (const path of readdirSync(cases)) {
  test(`${path} comes back as it was written`, async () => {
    const plain = readFileSync(new URL(path, cases), "utf8");
    const text = await aFile({ path, plain, people: [person] });
    const opened = await open({ path, text });
    const back = plainText(opened);
    // Numbers, times and quotes may come back in their plain form; a second round must change nothing at all.
    const again = await aFile({ path, plain: back, people: [person] });
    assert.equal(plainText(await open({ path, text: again })), back);
    assert.ok(opened.isSealed);
  });
}

const small =
  "# who may read this\ndb:\n  password: correct horse # rotate in May\n  port: 5432\nlist:\n  - one\n  - two\n";

test("comments, order and layout stay, to the letter", async () => {
  const text = await aFile({ path: "a.yaml", plain: small, people: [person] });
  assert.equal(plainText(await open({ path: "a.yaml", text })), small);
  for (const secret of ["correct horse", "who may", "5432", "May", "one"]) assert.ok(!text.includes(secret), secret);
});

test("anchors and aliases stay", async () => {
  const plain =
    "base: &base\n  user: app\n  word: hunter2\ncopy: *base\nname: &name alice\nsame: *name\nmore:\n  <<: *base\n";
  const text = await aFile({ path: "a.yaml", plain, people: [person] });
  assert.equal(plainText(await open({ path: "a.yaml", text })), plain);
});

test("hybrid post-quantum recipients open their files", async () => {
  const hybrid = await aPerson(true);
  const text = await aFile({ path: "a.yaml", plain: small, people: [person, hybrid] });
  assert.match(text, /recipient: age1pq1/);
  assert.equal(plainText(await open({ path: "a.yaml", text }, hybrid)), small);
});

test("one flipped bit anywhere in a sealed file is refused", async () => {
  for (const path of ["a.yaml", "a.json", "a.env"]) {
    const plain = path === "a.json" ? '{"db": {"password": "correct horse", "port": 5432}, "empty": ""}' : small;
    const text = await aFile({
      path,
      plain: path === "a.env" ? "# c\nA=correct horse\nB=\n" : plain,
      people: [person],
    });
    const bytes = Buffer.from(text);
    await check(
      asyncProperty(nat(bytes.length * 8 - 1), async (bit) => {
        const flipped = Buffer.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        await assert.rejects(open({ path, text: flipped.toString("utf8") }), { name: "Problem" });
      }),
      { numRuns: 150 },
    );
  }
});

test("without the seal, a flipped bit is refused or changes no value", async () => {
  const path = "a.yaml";
  const sealed = await aFile({ path, plain: small, people: [person] });
  const text = sealed.replace(/ {4}demesne:\n.*\n/, "");
  const values = async (each: string) => [...(await open({ path, text: each })).decrypted.values.values()];
  const right = await values(text);
  const bytes = Buffer.from(text);
  await check(
    asyncProperty(nat(bytes.length * 8 - 1), async (bit) => {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const found = await values(flipped.toString("utf8")).catch((error: Error) => {
        assert.equal(error.name, "Problem");
        return right;
      });
      assert.deepEqual(
        found.filter(({ type }) => type === "leaf"),
        right.filter(({ type }) => type === "leaf"),
      );
    }),
    { numRuns: 150 },
  );
});

test("swapped, moved, removed and added values are refused", async () => {
  const path = "a.yaml";
  const sealed = await aFile({ path, plain: "a: first\nb: second\nl:\n  - x\n  - y\n", people: [person] });
  const text = sealed.replace(/ {4}demesne:\n.*\n/, "");
  const lines = text.split("\n");
  const swap = (i: number, j: number) =>
    lines
      .with(i, lines[j] ?? "")
      .with(j, lines[i] ?? "")
      .join("\n");
  const damage = {
    "two list items swapped": [swap(3, 4), /MAC/],
    "a value moved to another key": [text.replace(/^a:.*\nb:/, "b:").replace(/^b:(.*)/, "a:$1\nb:$1"), /moved|damaged/],
    "a value removed": [lines.slice(1).join("\n"), /MAC/],
    "a clear value put in": [text.replace(/^a: .*/, "a: first"), /in clear/],
    "keys re-ordered": [swap(0, 1), /MAC/],
    truncated: [text.slice(0, 200), /YAML|metadata|not encrypted|damaged/],
    "an unknown version": [text.replace(/version: 3/, "version: 4"), /should be 3.x/],
    "an alias in the metadata": [text.replace(/version: .*/, "version: *x"), /alias/],
    "no MAC": [text.replace(/mac: .*/, 'mac: ""'), /no MAC/],
    "a recipient renamed": [text.replace(/recipient: age1.../, "recipient: age1zzz"), /names a recipient/],
    "unknown metadata": [text.replace("    version:", "    extra: 1\n    version:"), /metadata/],
  } as const;
  for (const [name, [changed, message]] of Object.entries(damage)) {
    assert.notEqual(changed, text, name);
    await assert.rejects(open({ path, text: changed }), message, name);
  }
});

test("base64 that only nearly is canonical is refused", async () => {
  const text = await aFile({ path: "a.yaml", plain: "a: ab\n", people: [person] });
  const unsealed = text.replace(/ {4}demesne:\n.*\n/, "");
  // Two bytes leave two bits unused in the third letter.
  const changed = unsealed.replace(/data:(..)(.)=/, (_, kept: string, last: string) => {
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return `data:${kept}${letters[letters.indexOf(last) + 1] ?? ""}=`;
  });
  assert.notEqual(changed, unsealed);
  await assert.rejects(open({ path: "a.yaml", text: changed }), /damaged base64/);
});

test("a wrong or missing identity is told with the recipients", async () => {
  const text = await aFile({ path: "a.yaml", plain: small, people: [person] });
  const stranger = await aPerson();
  await assert.rejects(open({ path: "a.yaml", text }, stranger), new RegExp(`none of 1 .*${person.recipient}`));
  await assert.rejects(decryptFile({ path: "a.yaml", text }, []), /none of 0/);
});

test("bombs and huge files are refused before they cost anything", async () => {
  const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(", ")}]\n`);
  const bomb = `l0: &l0 x\n${levels.join("")}`;
  await assert.rejects(aFile({ path: "a.yaml", plain: bomb, people: [person] }), /more than 50000 values/);
  const deep = `a: ${"[".repeat(100)}${"]".repeat(100)}\n`;
  await assert.rejects(aFile({ path: "a.yaml", plain: deep, people: [person] }), /deeper than/);
  const deepJson = `{"a": ${"[".repeat(100)}${"]".repeat(100)}}`;
  await assert.rejects(aFile({ path: "a.json", plain: deepJson, people: [person] }), /deeper than/);
  await assert.rejects(open({ path: "a.yaml", text: "a: b\n".repeat(1_000_000) }), /larger than/);
});

test("a problem never shows a value", async () => {
  for (const plain of [
    "a: 'unclosed secret\n",
    "secret: [1\n",
    "a: b: canary\n",
    "? [canary]\n: x\n",
    "a: !canary x\n",
  ]) {
    await assert.rejects(aFile({ path: "a.yaml", plain, people: [person] }), (error: Error) => {
      assert.equal(error.name, "Problem");
      assert.doesNotMatch(error.message, /unclosed|canary x|b: canary/);
      return true;
    });
  }
});
