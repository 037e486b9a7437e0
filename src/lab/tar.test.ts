import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as fc from "fast-check";
import { type TarEntry, writeTar } from "./tar.ts";

const folder = mkdtempSync(join(tmpdir(), "demesne-tar-"));
after(() => rmSync(folder, { recursive: true }));
let archives = 0;

async function archive(entries: readonly TarEntry[]): Promise<{ file: string; digest: string }> {
  const file = join(folder, `${(archives += 1)}.tar`);
  return { file, digest: (await writeTar(file, entries)).digest };
}

function listed(file: string): string[] {
  return execFileSync("tar", ["--numeric-owner", "--utc", "--full-time", "-tvf", file]).toString().trim().split("\n");
}

test("tar reads back modes, owners, times and contents", async () => {
  const source = join(folder, "source");
  writeFileSync(source, "x".repeat(1000));
  const { file } = await archive([
    { kind: "file", path: "usr/bin/program", mode: 0o755, source },
    { kind: "text", path: "etc/name", mode: 0o644, text: "ä\n" },
    { kind: "folder", path: "state", mode: 0o700, owner: 10001 },
  ]);
  assert.deepEqual(
    listed(file).map((line) => line.replaceAll(/\s+/g, " ")),
    [
      "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 etc/",
      "-rw-r--r-- 0/0 3 1970-01-01 00:00:00 etc/name",
      "drwx------ 10001/10001 0 1970-01-01 00:00:00 state/",
      "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 usr/",
      "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 usr/bin/",
      "-rwxr-xr-x 0/0 1000 1970-01-01 00:00:00 usr/bin/program",
    ],
  );
  assert.equal(execFileSync("tar", ["-xOf", file, "etc/name"]).toString(), "ä\n");
});

test("the same entries give the same bytes, whatever their order and the files' own times", async () => {
  const entries = ["b", "a"].map((name): TarEntry => {
    const source = join(folder, name);
    writeFileSync(source, name);
    return { kind: "file", path: `app/${name}`, mode: 0o644, source };
  });
  const first = await archive(entries);
  utimesSync(join(folder, "a"), 1, 1);
  chmodSync(join(folder, "a"), 0o600);
  assert.equal((await archive(entries.toReversed())).digest, first.digest);
});

test("names of any length come back whole", async () => {
  const part = fc.stringMatching(/^[a-zé-]{1,120}$/);
  const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  await fc.assert(
    fc.asyncProperty(path, async (name) => {
      const { file } = await archive([{ kind: "text", path: name, mode: 0o644, text: "x" }]);
      const found = execFileSync("tar", ["--quoting-style=literal", "-tf", file]).toString().trim().split("\n");
      assert.equal(found.at(-1), name);
    }),
    { numRuns: 25 },
  );
});
