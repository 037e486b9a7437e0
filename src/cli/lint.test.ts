// demesne lint as an operator runs it: what it ends with, and what it prints.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const main = new URL("main.ts", import.meta.url).pathname;
const base = new URL("../../test/cases/lint/estate", import.meta.url).pathname;
const harbour = new URL("../../examples/harbour", import.meta.url).pathname;
const schema = new URL("../../schema", import.meta.url).pathname;
const room = mkdtempSync(join(tmpdir(), "demesne-lint-"));
after(() => rmSync(room, { recursive: true }));
const DEADLINE_MS = 60_000;

type Ended = { readonly status: number | null; readonly out: string };

function lint(...args: readonly string[]): Ended {
  const options = { cwd: room, env: { PATH: process.env["PATH"], HOME: room }, timeout: DEADLINE_MS } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "lint", ...args], {
    ...options,
    encoding: "utf8",
  });
  return { status, out: stdout + stderr };
}

function estate(name: string, edit: (folder: string) => void): string {
  const folder = join(room, name);
  cpSync(base, folder, { recursive: true });
  edit(folder);
  return folder;
}

function replace(file: string, from: string, to: string): void {
  const text = readFileSync(file, "utf8");
  assert.ok(text.includes(from), from);
  writeFileSync(file, text.replace(from, to));
}

test("the example has nothing wrong", () => {
  const folder = join(room, "examples/harbour");
  cpSync(harbour, folder, { recursive: true });
  cpSync(schema, join(room, "schema"), { recursive: true });
  // Its waivers run out by the calendar, which is no matter of this test.
  const file = join(folder, "estate.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(/until: "[\d-]+"/g, 'until: "9999-12-31"'));
  const { status, out } = lint(folder);
  assert.equal(status, 0, out);
  assert.match(out, /^\d+ files, \d+ services: 0 errors, 0 warnings, 0 waived\n$/);
});

test("an error ends with 4 and is told in two lines, with the waiver that it may have", () => {
  const folder = estate("error", (dir) => replace(join(dir, "services/notes/compose.yaml"), "  read_only: true\n", ""));
  const { status, out } = lint(folder);
  assert.equal(status, 4);
  assert.match(
    out,
    /^services\/notes\/compose\.yaml:7 services\/notes\/read_only: should have a read-only root\nfix: add .+ \(or waive lint\/read-only\/notes in estate\.yaml\)\n11 files, 2 services: 1 errors, 0 warnings, 0 waived\n$/,
  );
});

test("a warning ends with 0, and with 10 when it is to count", () => {
  const folder = estate("warning", (dir) => replace(join(dir, "estate.yaml"), "# yaml-language-server", "# language"));
  assert.equal(lint(folder).status, 0);
  const { status, out } = lint(folder, "--strict");
  assert.equal(status, 10);
  assert.match(out, /^estate\.yaml:1: warning: should name the schema estate\.json/);
});

test("JSON and SARIF hold the same findings", () => {
  const folder = estate("formats", (dir) => chmodSync(join(dir, "scripts/look.sh"), 0o644));
  const json = JSON.parse(lint(folder, "--format", "json").out);
  assert.equal(json.format, 1);
  assert.deepEqual(
    json.findings.map((each: { rule: string; file: string }) => [each.rule, each.file]),
    [["executable", "scripts/look.sh"]],
  );
  const sarif = JSON.parse(lint(folder, "--format", "sarif").out);
  assert.equal(sarif.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri, "scripts/look.sh");
});

test("the roles' words are known: a waiver of theirs, and what they want of a host", () => {
  const folder = estate("roles", (dir) => {
    replace(join(dir, "estate.yaml"), "sysctl/net.ipv4.ip_forward", "ssh-hardening/MaxAuthTries");
    replace(join(dir, "inventory/hosts.yaml"), "file:/etc/docker/daemon.json", "file:/etc/docker/deamon.json");
  });
  const { status, out } = lint(folder);
  assert.equal(status, 4);
  assert.match(
    out,
    /^inventory\/hosts\.yaml:8 hosts\/one\/adopt\/0: should be something that Demesne wants of one, .+\nfix: did you mean `file:\/etc\/docker\/daemon\.json`\?\n11 files/,
  );
});

test("files that Demesne wrote are as it writes them: the guard's hook, the schemas", () => {
  const folder = estate("generated", (dir) => {
    mkdirSync(join(dir, ".claude/hooks"), { recursive: true });
    writeFileSync(join(dir, ".claude/hooks/guard.cjs"), "process.exit(0);\n");
    mkdirSync(join(dir, ".demesne/schema"), { recursive: true });
    writeFileSync(join(dir, ".demesne/schema/estate.json"), "{}\n");
  });
  const { status, out } = lint(folder);
  assert.equal(status, 4);
  assert.match(out, /^\.claude\/hooks\/guard\.cjs:1: is not what this Demesne writes\nfix: demesne guard install/m);
  assert.match(out, /^\.demesne\/schema\/estate\.json:1: is not what this Demesne writes\nfix: demesne init/m);
});

test("what stands in a file does not steer the terminal", () => {
  const folder = estate("terminal", (dir) =>
    writeFileSync(join(dir, "services/notes/notes.toml"), "a = 'https://api.openai.com'\n\u{1b}[2J\n"),
  );
  writeFileSync(join(folder, "scripts/\u{1b}[31mred.sh"), "#!/bin/sh\nif\n");
  const { status, out } = lint(folder);
  assert.equal(status, 4);
  assert.ok(!out.includes("\u{1b}"), JSON.stringify(out));
  assert.match(out, /scripts\/\\u\{1b\}\[31mred\.sh:\d+: should be sh/);
});

test("a folder that is no estate, and one that is not there", () => {
  const empty = mkdtempSync(join(room, "empty-"));
  assert.match(lint(empty).out, /^estate\.yaml:1: is missing\nfix: write estate\.yaml/);
  const gone = lint(join(room, "nowhere"));
  assert.equal(gone.status, 4);
  assert.match(gone.out, /cannot be entered\nfix: name a folder/);
  assert.equal(lint(base, "--format", "xml").status, 3);
});
