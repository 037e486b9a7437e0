// Which files are shell scripts, and what the real shellcheck says where it is installed.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { checkScripts, shellOf } from "./script-rules.ts";
import { walk } from "./walk.ts";

const root = await mkdtemp(join(tmpdir(), "scripts-"));
after(async () => await rm(root, { recursive: true }));
const signal = AbortSignal.timeout(120_000);

const isShellcheckHere = spawnSync("shellcheck", ["--version"]).status === 0;

const shells = (path: string, text: string) => shellOf({ path, text, isFolder: false, mode: 0o755 });

test("a shell script is known by its first line, or by its name when it has none", () => {
  assert.equal(shells("a", "#!/bin/sh\n"), "sh");
  assert.equal(shells("a", "#!/usr/bin/env bash\n"), "bash");
  assert.equal(shells("a", "#! /usr/bin/env -S bash -eu\n"), "bash");
  assert.equal(shells("a", "#!/usr/bin/dash -e\n"), "sh");
  assert.equal(shells("a.sh", "echo a library\n"), "sh");
  assert.equal(shells("a.sh", "#!/usr/bin/env python3\n"), undefined);
  assert.equal(shells("a.md", "# no script\n"), undefined);
  assert.equal(shells("a", "#!/usr/bin/env -S node --test\n"), undefined);
});

test("a script whose name could be taken for an option is parsed all the same", async () => {
  await writeFile(join(root, "-x.sh"), "if\n");
  const found = await checkScripts(await walk(root, signal), { root, signal });
  assert.deepEqual(
    found.map(({ file, rule }) => [file, rule]),
    [["-x.sh", "shell-syntax"]],
  );
  await rm(join(root, "-x.sh"));
});

test(
  "what shellcheck says is a warning at its line",
  { skip: isShellcheckHere ? false : "no shellcheck" },
  async () => {
    await writeFile(join(root, "loop.sh"), '#!/bin/sh\nfor file in $(ls *.txt); do\n  cd "$file"\ndone\n');
    const found = await checkScripts(await walk(root, signal), { root, signal });
    const said = found.map(({ rule, severity, file, line }) => [rule, severity, file, line]);
    assert.deepEqual(said, [
      ["shellcheck", "warning", "loop.sh", 2],
      ["shellcheck", "warning", "loop.sh", 3],
    ]);
  },
);
