import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import * as fc from "fast-check";
import { sha256Hex } from "./sha256.ts";

const expected = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

test("the same as node:crypto, at every length up to three blocks", () => {
  for (let length = 0; length <= 192; length += 1) {
    const bytes = new Uint8Array(length).fill(length);
    assert.equal(sha256Hex(bytes), expected(bytes), `${length} bytes`);
  }
});

test("property: the same as node:crypto for any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => sha256Hex(bytes) === expected(bytes)));
});
