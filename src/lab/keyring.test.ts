import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { dearmor, ownKey } from "./keyring.ts";

function armor(bytes: Uint8Array, headers: readonly string[]): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  const [begin, end] = ["BEGIN", "END"].map((word) => `-----${word} PGP PUBLIC KEY BLOCK-----`);
  return [begin, ...headers, "", ...lines, "=abcd", end].join("\n");
}

test("dearmor gives back what was armored, block after block", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.uint8Array({ minLength: 1 }), (one, two) => {
      const text = `${armor(one, ["Comment: one"])}\n${armor(two, [])}\n`;
      assert.deepEqual(dearmor(text), Buffer.concat([one, two]));
    }),
  );
});

test("a block inside a deb822 field, indented and with dots for empty lines, is read too", () => {
  const bytes = Buffer.from("a key");
  const field = armor(bytes, [])
    .split("\n")
    .map((line) => ` ${line === "" ? "." : line}`)
    .join("\n");
  assert.deepEqual(dearmor(field), bytes);
});

test("a mirror that signs for itself brings its key; the distribution's own keyring needs none", () => {
  const text = armor(Buffer.from("a key"), []);
  const read = (file: string) => (file.endsWith(".asc") ? text : "binary");
  const cases = [
    [undefined, undefined],
    ["/usr/share/keyrings/debian-archive-keyring.pgp", undefined],
    ["6ED0E7B82643E131", undefined],
    ["/etc/apt/keyrings/mirror.gpg", "/etc/apt/keyrings/mirror.gpg"],
    ["/etc/apt/keyrings/mirror.asc", text],
    [text, text],
  ] as const;
  for (const [signedBy, own] of cases) assert.equal(ownKey(signedBy, read), own);
});
