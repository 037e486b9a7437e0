// A newcomer's first hour, typed as docs/getting-started.md says: from an empty folder to a rehearsed estate. What they see is
// kept in test/cases/init/newcomer.txt. Then everything that can be in their way.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, describe, test } from "node:test";
import { docBlocks, fenceCount } from "./doc-blocks.ts";
import { canBeAlone, openShell, type Typed } from "./newcomer-shell.ts";

const page = readFileSync(resolve(import.meta.dirname, "../../docs/getting-started.md"), "utf8");
const kept = resolve(import.meta.dirname, "../cases/init/newcomer.txt");
const main = resolve(import.meta.dirname, "../../src/cli/main.ts");
const isRoot = process.getuid?.() === 0;
const skip = canBeAlone
  ? false
  : "a network of nobody's cannot be made here, and the example's address must not be asked";

describe("getting started", { skip, timeout: 900_000 }, () => {
  const shell = openShell();
  after(() => shell.close());
  const blocks = docBlocks(page);

  test("every block of the page is known", () => {
    assert.equal(blocks.length, fenceCount(page));
    assert.deepEqual([...new Set(blocks.map(({ kind }) => kind))].sort(), ["", "image", "root"]);
  });

  test("each command ends as the page says, and prints what was kept", (context) => {
    const seen: string[] = [];
    let digest = "";
    for (const { kind, commands } of blocks.filter((each) => each.kind !== "root")) {
      if (kind === "image") publish(digest);
      for (const { line, exit } of commands) {
        const { status, output } = shell.type(line, { isAlone: true });
        assert.equal(status, exit, `${line}\n${output}`);
        digest = /sha256:[0-9a-f]{64}/.exec(output)?.[0] ?? digest;
        seen.push(`$ ${line}\n${settled(output, line)}${status === 0 ? "" : `[exit ${status}]\n`}`);
      }
    }
    context.assert.fileSnapshot(seen.join("\n"), kept, { serializers: [String] });
  });

  test("nothing of it is left uncommitted but the image", () => {
    const { output } = shell.type("git status --porcelain");
    assert.deepEqual(output.trimEnd().split("\n").sort(), [
      " M inventory/images.lock.yaml",
      " M services/gateway/compose.yaml",
    ]);
  });

  test("the rehearsal passes", { skip: isRoot ? false : "twins need root" }, () => {
    const lines = blocks.filter(({ kind }) => kind === "root").flatMap(({ commands }) => commands);
    assert.deepEqual(
      lines.map(({ line }) => line),
      ["demesne rehearse"],
    );
    const { status, output } = shell.type("demesne rehearse");
    assert.equal(status, 0, output);
    assert.match(output, /planned +applied +left[^]*control +(\d+) +\1 +0 /);
    assert.match(output, /gpu is dormant and was not rehearsed\n\nverdict: pass/);
  });

  /** As a person does who has pushed it: the registry's name into one file, the digest into the other. */
  function publish(digest: string): void {
    edit("services/gateway/compose.yaml", "image: demesne-gateway", "image: registry.example/demesne/gateway");
    edit("inventory/images.lock.yaml", "\nimages:\n", `\nimages:\n  registry.example/demesne/gateway: ${digest}\n`);
  }

  function edit(path: string, from: string, to: string): void {
    const file = join(shell.folder(), path);
    const parts = readFileSync(file, "utf8").split(from);
    assert.equal(parts.length, 2, path);
    writeFileSync(file, parts.join(to));
  }

  /** Without what differs from run to run and from machine to machine. */
  function settled(output: string, line: string): string {
    const text = output
      .replaceAll(shell.room, "/home/you")
      .replaceAll(/age1pq1[a-z0-9]+(\.\.\.)?/g, "age1pq1...")
      .replaceAll(/sha256:[0-9a-f]{64}/g, "sha256:DIGEST")
      .replaceAll(/\d+\.\d MB/g, "N MB")
      .replace(/\d+ calls judged/, "N calls judged");
    return line === "demesne doctor" ? machineSettled(text) : text;
  }
});

/** What this machine has is its own: only which things were looked at is kept. */
function machineSettled(text: string): string {
  const [machine = "", ...rest] = text.split("\n\n");
  const looked = machine.split("\n").filter((line, at) => at === 0 || /^ {2}\w/.test(line));
  const subjects = looked.map((line) => line.replace(/^ {2}\w+ +([^:]+):.*/, "  (level)  $1: (this machine's own)"));
  const estate = rest
    .join("\n\n")
    .replaceAll(/^ {2}note +guardrails: claude[^]*?(?=\n\n)/gm, "  (claude: this machine's own)");
  return `${subjects.join("\n")}\n\n${estate}`.replace(/^\d+ errors, .*$/m, "(counts)");
}

describe("what can be in a newcomer's way", { timeout: 300_000 }, () => {
  const shell = openShell();
  after(() => shell.close());
  const place = (name: string): string => join(shell.room, "estates", name);
  test("a folder that is not empty", () => {
    mkdirSync(place("full"));
    writeFileSync(place("full/thesis.txt"), "mine");
    assertTold(shell.type("demesne init full --yes"), 7, /full: is not empty: thesis\.txt is there/);
    assert.deepEqual(readdirSync(place("full")), ["thesis.txt"]);
  });

  test("no git", () => {
    const bin = place("no-git");
    mkdirSync(bin);
    for (const name of ["sh", "node"]) symlinkSync(shell.type(`command -v ${name}`).output.trim(), join(bin, name));
    const env = { PATH: `${join(shell.room, "bin")}:${bin}` };
    assertTold(shell.type("demesne init none --yes", { env }), 5, /git: cannot be run/);
    assert.ok(!existsSync(place("none")));
  });

  test("no network", { skip: canBeAlone ? false : "a network of nobody's cannot be made here" }, () => {
    for (const line of [
      "demesne init alone --yes",
      "demesne doctor alone",
      "demesne lint alone",
      "demesne test alone",
    ]) {
      const { status, output } = shell.type(line, { isAlone: true });
      assert.equal(status, 0, output);
    }
  });

  test("no editor: the secrets are left as they are, and single values can be set", () => {
    assert.equal(shell.type("demesne init noeditor --yes").status, 0);
    const env = { EDITOR: "/nowhere/vi" };
    assertTold(shell.type("cd noeditor; demesne secrets edit", { env }), 9, /editor .*nowhere/);
    assert.equal(shell.type("git -C noeditor status --porcelain").output, "");
    assert.equal(shell.type("cd noeditor; demesne secrets set gateway/upstream_key").status, 0);
  });

  test("questions that nobody has answered: warnings, errors with --strict, gone with their marks", () => {
    assert.equal(shell.type("demesne init strict --yes").status, 0);
    // What the guard says of itself is its own test's matter.
    assert.equal(shell.type("rm -r strict/.claude").status, 0);
    assert.equal(shell.type("demesne test strict").status, 0);
    const { status, output } = shell.type("demesne test strict --strict");
    assert.equal(status, 10, output);
    assert.match(output, /^inventory\/hosts\.yaml:11: open question: the address of your control host$/m);
    const marks = "grep -rlZ '\\[question:' strict --exclude-dir=.git --exclude-dir=_template";
    const answered = shell.type(`${marks} | xargs -0 perl -0pi -e 's/(?<!\`)\\[question:[^]]*\\]/answered/g'`);
    assert.equal(answered.status, 0, answered.output);
    assert.equal(shell.type("demesne test strict --strict").status, 0);
  });

  test("no terminal, and nothing said", () => {
    assertTold(shell.type("demesne init asked"), 3, /there is no terminal to ask them at/);
    assert.ok(!existsSync(place("asked")));
  });

  test(
    "questions at a terminal: each has a default, and an answer that does not fit is asked for again",
    {
      skip: shell.type("command -v script").status === 0 ? false : "there is no script(1) to be a terminal with",
    },
    () => {
      const answers = ["", "cloud", "harbour.example", "300.1.1.1", "198.51.100.7", "", "", "", "", ""];
      const typed = answers.map((answer) => `${answer}\\r`).join("");
      // Typed ahead, and the terminal stays open until the command has ended.
      const line = `{ printf '${typed}'; sleep 2; } | script -qec 'demesne init asked-for' /dev/null`;
      const { status, output } = shell.type(line);
      assert.equal(status, 0, output);
      assert.match(output, /the estate's name \[asked-for\]: /);
      assert.match(output, /should be an IPv4 address/);
      assert.match(readFileSync(place("asked-for/inventory/hosts.yaml"), "utf8"), /^ {4}address: 198\.51\.100\.7$/m);
      assert.match(
        readFileSync(place("asked-for/estate.yaml"), "utf8"),
        /^name: asked-for$[^]*operator@harbour\.example/m,
      );
    },
  );

  test("answers that do not fit, each told by its flag", () => {
    const cases: [string, RegExp][] = [
      ["--name Harbour_1", /--name: should be a name of lower-case letters/],
      ["--profile hybrid", /--profile: should be cloud or airgapped/],
      ["--address 300.1.1.1", /--address: should be an IPv4 address/],
      ["--user root", /--user: should be the account of a person or a job/],
      ["--from 10.0.0.1", /--from: should be an IPv4 network/],
      ["--host-key nonsense", /--hostKey|--host-key: should be a public key/],
      ["--domain localhost", /--domain: should be a mail domain/],
      ["--os debian-9", /--os: should be debian-13 or ubuntu-24\.04/],
    ];
    for (const [flags, told] of cases) assertTold(shell.type(`demesne init wrong --yes ${flags}`), 3, told);
    assert.ok(!existsSync(place("wrong")));
  });

  test(
    "a full home folder: no identity can be written, and the run goes on when it can",
    { skip: isRoot ? "root may write anywhere" : false },
    () => {
      const env = { HOME: place("locked") };
      mkdirSync(env.HOME);
      chmodSync(env.HOME, 0o500);
      assertTold(shell.type("demesne init later --yes", { env }), 5, /no age identity was made/);
      chmodSync(env.HOME, 0o700);
      assert.equal(shell.type("demesne init later", { env }).status, 0);
    },
  );

  test("killed at any moment, it is run again and goes on", async () => {
    const env = { PATH: process.env["PATH"] ?? "", HOME: shell.home };
    const moments = [1, 8, 14, 24, 36, 50];
    for (const files of moments) {
      const folder = place(`killed-${files}`);
      const child = spawn(process.execPath, [main, "init", folder, "--yes"], { env, stdio: "ignore" });
      const exited = once(child, "exit");
      while (child.exitCode === null && child.signalCode === null && countOf(folder) < files)
        await new Promise((go) => setImmediate(go));
      child.kill("SIGKILL");
      await exited;
      const again = shell.type(`demesne init ${folder} --yes`);
      assert.equal(again.status, 0, `after ${files} files: ${again.output}`);
      assert.equal(shell.type(`demesne lint ${folder}`).status, 0);
      assert.equal(shell.type(`git -C ${folder} status --porcelain`).output, "");
      assert.equal(shell.type(`git -C ${folder} rev-list --count HEAD`).output.trim(), "1");
    }
  });
});

function countOf(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
  } catch {
    // Not there yet, or a folder that went away while it was read.
    return 0;
  }
}

function assertTold({ status, output }: Typed, exit: number, told: RegExp): void {
  assert.equal(status, exit, output);
  assert.match(output, told);
  assert.match(output, /^fix: /m);
  assert.doesNotMatch(output, /^\s+at /m, "a stack is for bugs");
}
