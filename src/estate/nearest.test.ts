import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest } from "./nearest.ts";

const known = ["address", "address6", "adopt", "open", "port", "proxyJump", "os"];

test("a slip of the hand finds the word that was meant", () => {
  assert.equal(nearest("adress", known), "address");
  assert.equal(nearest("prot", known), "port");
  assert.equal(nearest("proxyjump", known), "proxyJump");
  assert.equal(nearest("oss", known), "os");
});

test("a word like no other finds nothing", () => {
  assert.equal(nearest("kubernetes", known), undefined);
  assert.equal(nearest("", known), undefined);
});
