// Every spelling of a YAML scalar means the same to Demesne and to the real sops program: type and bytes decide the MAC.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { assert as check, constantFrom, double, integer, oneof, property, string } from "fast-check";
import { aPerson } from "../../src/secrets/a-file.ts";
import { decryptFile, readFile } from "../../src/secrets/codec.ts";
import { leaf, walk } from "../../src/secrets/tree.ts";
import type { Branch, Leaf } from "../../src/secrets/tree.ts";
import { plainScalar, renderScalar } from "../../src/secrets/yaml-scalar.ts";
import { tools, without } from "../cases/secrets/tools.ts";

const room = mkdtempSync(join(tmpdir(), "demesne-scalars-"));
after(() => rmSync(room, { recursive: true }));

const spellings = (
  "1 0 -0 +5 -17 007 0777 089 0x1F -0x1f 0o17 0b101 -0b11 1_000 0x_f 9223372036854775807 -9223372036854775808 " +
  "18446744073709551616 1.0 1.50 -0.0 .5 +.5 5. 1e3 1E-7 1e21 1.5e300 1e400 1_0.5 ._5 .inf -.INF +.Inf .nan .NaN " +
  "1.2.3 12e 0x 0b2 0o8 + -- 1-2 1:30 190:20:30 true True TRUE tRue false yes No on OFF y n null Null NULL nUll ~ " +
  "2026-01-02 2026-1-2 2026-02-30 2026-13-01 2026-01-02T03:04:05Z 2026-01-02T03:04:05.120+02:00 2026-01-02t3:4:5Z " +
  "2026-01-02T03:04:05 20260102 2026-01 abc a:b a#b é 日本 1a a1 0.1.2 Infinity NaN inf 1,000 1'000 0e0 00 0_0 _1 1_ 1__0"
).split(" ");

function leavesOf(branches: readonly Branch[]): Leaf[] {
  const found: Leaf[] = [];
  walk(branches, (slot) => {
    if (slot.type === "leaf") found.push(slot);
  });
  return found;
}

test("sops and demesne agree on the type and bytes of every spelling", { skip: without("sops") }, async () => {
  const person = await aPerson();
  const lines = [...spellings, "2026-01-02 03:04:05", "a b", "1 2"].map((text, at) => `k${at}: ${text}\n`);
  writeFileSync(join(room, "a.yaml"), lines.join(""));
  const options = { cwd: room, encoding: "utf8", timeout: 30_000 } as const;
  const { stdout } = spawnSync(tools.sops, ["encrypt", "--age", person.recipient, "a.yaml"], options);
  const opened = await decryptFile({ path: "a.yaml", text: stdout }, [person.identity]);
  const { parsed } = readFile({ path: "a.yaml", text: stdout });
  const theirs = leavesOf(opened.parsed.branches).map((slot) => opened.decrypted.values.get(slot) ?? slot);
  assert.equal(leavesOf(parsed.branches).length, lines.length);
  lines.forEach((line, at) => {
    const { kind, text } = plainScalar(line.slice(line.indexOf(" ") + 1, -1)) ?? leaf("null", "refused");
    assert.deepEqual({ ...theirs[at] }, { type: "leaf", kind, text }, line);
  });
});

test("what is rendered reads back as the same leaf, in lines and in flow", () => {
  const texts = oneof(
    string({ unit: "binary" }),
    constantFrom(...spellings),
    integer().map(String),
    double().map(String),
  );
  check(
    property(texts, (text) => {
      for (const isFlow of [false, true]) {
        const shown = renderScalar(leaf("str", text), isFlow);
        const read: unknown = shown.startsWith('"') ? JSON.parse(shown) : plainScalar(shown)?.text;
        assert.equal(read, text);
        if (!shown.startsWith('"')) assert.equal(plainScalar(shown)?.kind, "str");
      }
    }),
    { numRuns: 2000 },
  );
  for (const text of spellings) {
    const value = plainScalar(text);
    if (value !== undefined && value.kind !== "str")
      assert.deepEqual(plainScalar(renderScalar(value, false)), value, text);
  }
});
