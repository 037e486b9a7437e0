import assert from "node:assert/strict";
import { test } from "node:test";
import { idOf, kindOf, kinds, resource, type Ref } from "./index.ts";

const at = (kind: string): number => kinds.findIndex((each) => each.kind === kind);

test("a resource is checked, completed and named by its kind", () => {
  assert.deepEqual(
    resource(
      "file",
      "common",
      { path: "/a/b", content: "x", owner: "ops" },
      { needs: ["package:sudo"], risk: "connectivity", ownKernel: "why" },
    ),
    {
      kind: "file",
      ref: "file:/a/b",
      role: "common",
      wanted: { path: "/a/b", content: "x", mode: "0644", owner: "ops", group: "root" },
      needs: ["user:ops", "directory:/a", "package:sudo"],
      risk: "connectivity",
      adopt: false,
      ownKernel: "why",
    },
  );
  const plain = resource("package", "common", { name: "sudo" });
  assert.deepEqual([plain.risk, plain.adopt, "ownKernel" in plain], ["routine", false, false]);
});

test("a wrong wish is a bug of its role, and is thrown", () => {
  assert.throws(() => resource("file", "common", { path: "a", content: "" }), { name: "ZodError" });
  assert.throws(() => resource("file", "common", { path: "/a", content: "", colour: "red" }), { name: "ZodError" });
  assert.throws(() => resource("satellite", "common", {}), {
    name: "TypeError",
    message: "no such kind of resource: satellite:",
  });
});

test("a ref is a kind and an id, which may hold anything", () => {
  const refs: Ref[] = ["nft-table:inet demesne", "image:127.0.0.1:5000/web@sha256:11", "check:sshd's: effective"];
  assert.deepEqual(
    refs.map((ref) => [kindOf(ref).kind, idOf(ref)]),
    [
      ["nft-table", "inet demesne"],
      ["image", "127.0.0.1:5000/web@sha256:11"],
      ["check", "sshd's: effective"],
    ],
  );
});

test("kinds come in the order in which a stage makes their changes", () => {
  assert.equal(new Set(kinds.map((each) => each.kind)).size, kinds.length);
  const order = [
    "apt-source",
    "package",
    "group",
    "user",
    "directory",
    "file",
    "nft-table",
    "unit",
    "image",
    "network",
    "stack",
    "check",
  ];
  assert.deepEqual(
    order.map(at),
    order.map(at).toSorted((a, b) => a - b),
  );
  assert.ok(order.every((kind) => at(kind) >= 0));
});
