import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { run } from "../lib/run.ts";
import { inspectGuard, installGuard, installManagedGuard, testGuard } from "./index.ts";

let folder = "";
let client = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "guard-install-"));
  client = await program("claude", "echo '2.1.300 (Claude Code)'");
});
after(async () => await rm(folder, { recursive: true, force: true }));

async function program(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  return path;
}
const estate = async (): Promise<string> => await mkdtemp(join(folder, "estate-"));
const json = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, "utf8"));

test("an estate gets its boundary, and inspection finds nothing to say", async () => {
  const root = await estate();
  assert.deepEqual(await installGuard(root, process.execPath), [
    ".claude/hooks/guard.cjs",
    ".claude/settings.json",
    "CLAUDE.md",
  ]);
  assert.deepEqual(await inspectGuard(root, client), []);
  assert.deepEqual(await installGuard(root, process.execPath), [".claude/hooks/guard.cjs", ".claude/settings.json"]);
});

test("the hook runs as the settings say, for every tool, and blocks when it fails", async () => {
  const root = await estate();
  await installGuard(root, process.execPath);
  const text = JSON.stringify(await json(join(root, ".claude/settings.json")));
  const hook = `{"type":"command","command":"/usr/bin/env","args":["-i","${process.execPath}","--no-rehash-snapshot","\${CLAUDE_PROJECT_DIR}/.claude/hooks/guard.cjs"],"timeout":10,"onFailure":"block"}`;
  assert.equal(text.split(hook).length, 3, "PreToolUse and ConfigChange");
  assert.ok(!text.includes('"if"') && !text.includes('"allow"'));
  for (const tool of ["Bash", "Edit", "Write", "NotebookEdit", "Read", "WebFetch", "mcp__files__read"]) {
    const [, matcher = ""] = /"matcher":"([^"]+)"/.exec(text) ?? [];
    assert.match(tool, new RegExp(`^(${matcher})$`));
  }
});

test("each change to the boundary is found", async () => {
  const root = await estate();
  await installGuard(root, process.execPath);
  const settings = join(root, ".claude/settings.json");
  const hook = join(root, ".claude/hooks/guard.cjs");
  const changes: [string, (text: string) => string, RegExp][] = [
    [settings, (text) => text.replace("disable", "x"), /settings\.json: is not what/],
    [settings, (text) => text.replace("block", "allow"), /settings\.json: is not what/],
    [settings, (text) => text.replace(process.execPath, "/nowhere/node"), /\/nowhere\/node: is not a program/],
    [hook, (text) => `${text} `, /guard\.cjs: is not what/],
  ];
  for (const [path, change, told] of changes) {
    const text = await readFile(path, "utf8");
    await writeFile(path, change(text));
    const faults = await inspectGuard(root, client);
    await writeFile(path, text);
    assert.match(faults.map(({ where, what }) => `${where}: ${what}`).join("\n"), told);
  }
  await rm(hook);
  assert.match((await inspectGuard(root, client))[0]?.what ?? "", /no guard in this estate/);
});

test("a client that lets calls pass, and a Node that is too old, are found", async () => {
  const root = await estate();
  await installGuard(root, process.execPath);
  const old = await program("claude-old", "echo '2.1.294 (Claude Code)'");
  assert.match((await inspectGuard(root, old))[0]?.what ?? "", /2\.1\.294: it lets a call pass/);
  assert.match((await inspectGuard(root, "/nowhere/claude"))[0]?.what ?? "", /does not tell its version/);
  const node = await program("node18", "echo v18.1.0");
  await assert.rejects(installGuard(root, node), { code: "prerequisite" });
  await assert.rejects(installGuard(root, "node"), { code: "prerequisite" });
});

test("settings and rules that are not ours stay", async () => {
  const root = await estate();
  await installGuard(root, process.execPath);
  await writeFile(join(root, "CLAUDE.md"), "ours");
  await installGuard(root, process.execPath);
  assert.equal(await readFile(join(root, "CLAUDE.md"), "utf8"), "ours");
  await writeFile(join(root, ".claude/settings.json"), "{}");
  await assert.rejects(installGuard(root, process.execPath), { code: "refused" });
});

test("the managed hook judges the estate that the client names", async () => {
  const prefix = await estate();
  const written = await installManagedGuard(prefix, process.execPath);
  assert.deepEqual(written, ["usr/local/lib/demesne/guard.cjs", "etc/claude-code/managed-settings.json"]);
  const text = JSON.stringify(await json(join(prefix, "etc/claude-code/managed-settings.json")));
  assert.match(text, /"requiredMinimumVersion":"2\.1\.295","allowManagedHooksOnly":true/);
  assert.ok(text.includes('"/usr/local/lib/demesne/guard.cjs","${CLAUDE_PROJECT_DIR}"'));
  const input = JSON.stringify({
    session_id: "",
    cwd: "/",
    hook_event_name: "PreToolUse",
    tool_name: "Bash",
    tool_input: { command: "rm -rf /estates/one" },
  });
  const hook = join(prefix, "usr/local/lib/demesne/guard.cjs");
  const { stderr } = await run([process.execPath, hook, "/estates/one"], {
    input,
    env: { HOME: prefix },
    timeoutMs: 30_000,
  });
  assert.match(stderr, /removes the estate/);
});

test("the self-test passes with the hook as installed, and fails with one that says nothing", async () => {
  const root = await estate();
  await installGuard(root, process.execPath);
  const hook = join(root, ".claude/hooks/guard.cjs");
  const { cases, sampled, wrong } = await testGuard(root, hook, AbortSignal.timeout(60_000));
  assert.deepEqual(wrong, []);
  assert.ok(cases > 1000 && sampled > 20);
  await writeFile(hook, "");
  assert.ok((await testGuard(root, hook, AbortSignal.timeout(60_000))).wrong.length > 5);
});
