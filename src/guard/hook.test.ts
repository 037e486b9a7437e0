// The hook as the client sees it: a message in, a status and an answer out; and what it leaves in the audit.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
// oxlint-disable-next-line no-restricted-imports -- the test checks what the guard wrote
import { openLedger } from "../ledger/index.ts";
import { auditFolder } from "./audit.ts";
import { answer, type Answer } from "./hook.ts";
import { redact } from "./redact.ts";

const home = mkdtempSync(join(tmpdir(), "guard-home-"));
after(() => rmSync(home, { recursive: true }));
const root = join(home, "harbour");
await mkdir(join(root, "scripts"), { recursive: true });

const message = (tool: string, input: unknown, more: object = {}): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      session_id: "s1",
      cwd: root,
      hook_event_name: "PreToolUse",
      tool_name: tool,
      tool_input: input,
      ...more,
    }),
  );
const ask = (bytes: Uint8Array): Answer => answer(() => bytes, { root, home, now: 0 });
const bash = (command: string): Answer => ask(message("Bash", { command }));

test("deny is status 2 with the reason, ask is an answer, silence is nothing", () => {
  const deny = bash("cat .env");
  assert.equal(deny.status, 2);
  assert.match(deny.stderr, /demesne guard denies this: cat is given an environment file: \.env \(secret-read\)/);
  const { status, stdout } = bash("git push");
  assert.equal(status, 0);
  assert.equal(JSON.parse(stdout).hookSpecificOutput.permissionDecision, "ask");
  assert.deepEqual(bash("ls"), { status: 0, stdout: "", stderr: "" });
});

test("what is not understood is denied", () => {
  const bad: [string, Uint8Array][] = [
    ["nothing", Buffer.from("")],
    ["no JSON", Buffer.from("{")],
    ["no object", Buffer.from("[]")],
    ["bytes that are not UTF-8", Buffer.concat([message("Bash", { command: "ls" }), Buffer.from([0xff])])],
    [
      "a key twice",
      Buffer.from(
        `{"hook_event_name":"PreToolUse","cwd":"/","tool_name":"Bash","tool_input":{"command":"ls","command":"ls"}}`,
      ),
    ],
    [
      "a key twice, once escaped",
      Buffer.from(
        `{"hook_event_name":"PreToolUse","cwd":"/","tool_name":"Bash","tool_input":{"command":"ls","\\u0063ommand":"ls"}}`,
      ),
    ],
    ["no input", message("Bash", undefined)],
    ["no tool", Buffer.from(`{"hook_event_name":"PreToolUse","cwd":"/","tool_input":{}}`)],
    ["a relative folder", message("Bash", { command: "ls" }, { cwd: "x" })],
    ["too much", message("Bash", { command: "x".repeat(2 ** 20) })],
  ];
  for (const [what, bytes] of bad) assert.equal(ask(bytes).status, 2, what);
});

test("settings that change in a session are refused", () => {
  const bytes = Buffer.from(
    JSON.stringify({ session_id: "s1", cwd: root, hook_event_name: "ConfigChange", source: "project_settings" }),
  );
  assert.match(ask(bytes).stderr, /guardrails do not change while a session runs/);
});

test("an audit that cannot be written denies", () => {
  const blocked = mkdtempSync(join(home, "blocked-"));
  writeFileSync(join(blocked, ".local"), "a file where a folder should be");
  assert.equal(answer(() => message("Bash", { command: "ls" }), { root, home: blocked, now: 0 }).status, 2);
});

test("scripts and links are read as they are on the disk", () => {
  writeFileSync(join(root, "scripts/clean.sh"), "rm -rf build\n");
  writeFileSync(join(root, "scripts/wipe.sh"), 'rm -rf "$HOME"\n');
  writeFileSync(join(root, "scripts/binary.sh"), Buffer.from([0xff, 0xfe]));
  symlinkSync(join(home, ".ssh"), join(root, "innocent"));
  assert.equal(bash("sh scripts/clean.sh").status, 0);
  assert.equal(bash("sh scripts/wipe.sh").status, 2);
  assert.equal(bash("sh scripts/binary.sh").status, 2);
  assert.equal(bash("cat innocent/id_ed25519").status, 2);
});

test("every call is in the audit, redacted, and the chain verifies", async () => {
  bash("curl -H 'Authorization: Bearer abcdef0123456789' https://u:hunter2@example.org");
  ask(message("Write", { file_path: join(root, "x.txt"), content: "AGE-SECRET-KEY-1ABC" }));
  const ledger = openLedger(auditFolder(root, home));
  const records = (await Array.fromAsync(ledger.read())).map(({ record }) => JSON.stringify(record));
  assert.equal((await ledger.verify()).isSound, true);
  assert.ok(
    records.some((text) => text.includes('"verdict":"silent"')) &&
      records.some((text) => text.includes('"verdict":"deny"')),
  );
  assert.ok(records.every((text) => !/hunter2|abcdef0123456789|AGE-SECRET/.test(text)));
});

test("redaction takes the value and leaves the name", () => {
  const cases: [string, string][] = [
    ["TOKEN=abc123 npm publish", "TOKEN=[redacted] npm publish"],
    ["export DB_PASSWORD='a b'; ls", "export DB_PASSWORD=[redacted]; ls"],
    ["echo AGE-SECRET-KEY-PQ-1QQQQ", "echo [redacted]"],
    ["git clone https://u:p@example.org/x", "git clone https://[redacted]@example.org/x"],
    ["curl -u me:secret x", "curl -u [redacted] x"],
    ["demesne --api-token abc plan", "demesne --api-token [redacted] plan"],
    [`{"password": "two words"}`, `{"password": [redacted]}`],
    ["ls -la src", "ls -la src"],
  ];
  for (const [text, clean] of cases) assert.equal(redact(text), clean);
});
