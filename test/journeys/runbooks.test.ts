// The runbooks of a new estate, so that they cannot rot. Blocks `sh` are run as they stand, each runbook in a fresh estate;
// the others are parsed by the real program here, and `sh host` is run against a twin in runbooks-host.test.ts.
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { docBlocks, fenceCount, type DocCommand } from "./doc-blocks.ts";
import { openShell } from "./newcomer-shell.ts";

const template = join(import.meta.dirname, "../../src/init/template");
const pages = ["README.md", ...readdirSync(join(template, "runbooks")).map((name) => `runbooks/${name}`)].sort();
const KINDS = new Set(["", "host", "other", "root"]);

/** What must have happened before a runbook is needed. */
const earlier: Readonly<Record<string, string>> = {
  "runbooks/lost-laptop.md": 'demesne secrets recipients --add "$RECIPIENT"',
};

describe("runbooks", { timeout: 900_000 }, () => {
  const shell = openShell();
  after(() => shell.close());
  const env: Record<string, string> = {
    GIT_AUTHOR_NAME: "operator",
    GIT_AUTHOR_EMAIL: "operator@estate.example",
    GIT_COMMITTER_NAME: "operator",
    GIT_COMMITTER_EMAIL: "operator@estate.example",
  };
  before(async () => {
    env["RECIPIENT"] = await identityToRecipient(await generateX25519Identity());
    const made = shell.type("demesne init whole --yes");
    assert.equal(made.status, 0, made.output);
  });

  for (const page of pages) {
    const text = readFileSync(join(template, page), "utf8");
    const blocks = docBlocks(text);
    const commands = (...kinds: readonly string[]): readonly DocCommand[] =>
      blocks.filter(({ kind }) => kinds.includes(kind)).flatMap((block) => block.commands);

    test(`${page}: every block is of a known kind`, () => {
      assert.equal(blocks.length, fenceCount(text));
      for (const { kind } of blocks) assert.ok(KINDS.has(kind), kind);
    });

    if (commands("").length > 0) {
      test(`${page}: ${commands("").length} commands are run as they stand, in a fresh estate`, () => {
        const work = join(shell.room, "estates");
        cpSync(join(work, "whole"), join(work, `of-${pages.indexOf(page)}/estate`), { recursive: true });
        shell.type(`cd ${join(work, `of-${pages.indexOf(page)}/estate`)}`);
        const before_ = earlier[page];
        if (before_ !== undefined) assert.equal(shell.type(before_, { env }).status, 0);
        for (const { line, exit } of commands("")) {
          const { status, output } = shell.type(line, { env });
          assert.equal(status, exit, `${line}\n${output}`);
        }
        shell.type(`cd ${work}`);
      });
    }

    if (commands("host", "other", "root").length > 0) {
      test(`${page}: ${commands("host", "other", "root").length} commands that need more are parsed by the real program`, () => {
        const ours = commands("host", "other", "root").filter(({ line }) => line.startsWith("demesne "));
        for (const { line } of ours) assertParsed(line);
      });
    }
  }

  /** It must come as far as what is not there: in an empty folder that is the estate, a plan, a socket or root's rights. */
  function assertParsed(line: string): void {
    const empty = 'mkdir -p "$HOME/empty" && cd "$HOME/empty"';
    const { output } = shell.type(`{ ${empty} && ${line}; }`, { env });
    const wrong =
      /unknown (command|option)|too many arguments|missing required|not specified|should be (one of|new or)|is not a verb/;
    assert.doesNotMatch(output, wrong, line);
    assert.doesNotMatch(output, /This is a bug/, line);
  }

  test("a command that the program does not know would be found", () => {
    for (const line of [
      "demesne aply x",
      "demesne plan --uot x",
      "demesne apply",
      "demesne secrets opn",
      "demesne guard tset",
    ]) {
      assert.throws(() => assertParsed(line), { name: "AssertionError" }, line);
    }
  });
});

describe("the workflow of the gates", () => {
  const text = readFileSync(join(template, ".github/workflows/gates.yaml"), "utf8");

  test("uses actions by commit only, and no secret", () => {
    const uses = [...text.matchAll(/uses: (\S+)/g)].map(([, use]) => use);
    assert.ok(uses.length > 0);
    for (const use of uses) assert.match(use ?? "", /@[0-9a-f]{40}$/);
    assert.doesNotMatch(text, /\$\{\{ *secrets\./);
    assert.match(text, /^permissions:\n {2}contents: read$/m);
  });

  test("its way to a demesne that can be typed works, once npm has done its part", () => {
    const shell = openShell();
    try {
      const project = join(shell.room, "estates", "demesne");
      mkdirSync(project);
      for (const name of ["node_modules", "src", "package.json"])
        symlinkSync(resolve(import.meta.dirname, "../..", name), join(project, name));
      const [, block = ""] = /working-directory: demesne\n +run: \|\n([^]*?)\n {6}- name/.exec(text) ?? [];
      const lines = block.split("\n").map((line) => line.trim());
      assert.equal(lines[0], "npm ci");
      const env = { RUNNER_TEMP: join(shell.room, "temp"), GITHUB_PATH: join(shell.room, "path") };
      shell.type("cd demesne");
      const made = shell.type(`{ ${lines.slice(1).join("; ")}; }`, { env });
      assert.equal(made.status, 0, made.output);
      const found = shell.type('"$(cat "$GITHUB_PATH")/demesne" --version', { env });
      assert.match(found.output, /^\d+\.\d+\.\d+\n$/);
    } finally {
      shell.close();
    }
  });

  test("its gates pass in a fresh estate, typed as the workflow says", () => {
    const shell = openShell();
    try {
      assert.equal(shell.type("demesne init estate --yes").status, 0);
      shell.type("cd estate");
      const gates = [...text.matchAll(/run: (demesne .+)/g)].map(([, line]) => line ?? "");
      assert.deepEqual(gates, ["demesne lint", "demesne test", "demesne guard test"]);
      // Who runs them there has no identity.
      const env = { HOME: join(shell.room, "estates") };
      for (const line of gates) {
        const { status, output } = shell.type(line, { env });
        assert.equal(status, 0, `${line}\n${output}`);
      }
    } finally {
      shell.close();
    }
  });
});
