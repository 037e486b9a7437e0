// The shipped Claude Code program, unchanged, with a scripted model, in an estate with the guard. It is 380 MB, so it is
// not among the dependencies: DEMESNE_CLAUDE_CODE names the program; without it these tests are skipped.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { auditFolder, installGuard } from "../../src/guard/index.ts";
import { openLedger } from "../../src/ledger/index.ts";
import { run } from "../../src/lib/run.ts";

const program = process.env["DEMESNE_CLAUDE_CODE"];
const skip = program === undefined ? "DEMESNE_CLAUDE_CODE does not name the program" : false;

/** A model that asks for one Bash command and, once it has seen the result, repeats it. */
async function scriptedModel(t: TestContext, command: string): Promise<string> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts).toString();
      if (!(request.url ?? "").startsWith("/v1/messages") || request.url?.includes("count_tokens") === true) {
        response.end('{"input_tokens":1}');
        return;
      }
      const [, result] = /"type":"tool_result","content":("(?:[^"\\]|\\.)*")/.exec(body) ?? [];
      response.writeHead(200, { "content-type": "text/event-stream" });
      const saysTool = result === undefined && body.includes('"name":"Bash"');
      response.end(saysTool ? stream("tool_use", toolUse(command)) : stream("end_turn", text(result ?? '"nothing"')));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

type Block = { readonly start: object; readonly delta: object };

const toolUse = (command: string): Block => ({
  start: { type: "tool_use", id: "toolu_1", name: "Bash", input: {} },
  delta: { type: "input_json_delta", partial_json: JSON.stringify({ command, description: "x" }) },
});
const text = (json: string): Block => ({
  start: { type: "text", text: "" },
  delta: { type: "text_delta", text: `result: ${String(JSON.parse(json))}` },
});

function stream(reason: string, { start, delta }: Block): string {
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "scripted",
    content: [],
    stop_reason: null,
    usage,
  };
  const events = [
    { type: "message_start", message },
    { type: "content_block_start", index: 0, content_block: start },
    { type: "content_block_delta", index: 0, delta },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: 1 } },
    { type: "message_stop" },
  ];
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}

type House = { readonly home: string; readonly root: string };

async function house(t: TestContext): Promise<House> {
  const home = await mkdtemp(join(tmpdir(), "guard-claude-"));
  t.after(async () => await rm(home, { recursive: true, force: true, maxRetries: 5 }));
  const root = join(home, "harbour");
  t.after(async () => await rm(audit({ home, root }), { recursive: true, force: true }));
  await mkdir(join(root, "services"), { recursive: true });
  await writeFile(join(root, ".env"), "canary-4711\n");
  await installGuard(root, process.execPath);
  const trusted = { hasTrustDialogAccepted: true };
  const projects = { [root]: trusted, [join(root, "services")]: trusted };
  await writeFile(join(home, ".claude.json"), JSON.stringify({ hasCompletedOnboarding: true, projects }));
  return { home, root };
}

// No bubblewrap is needed for these: the hook is what is tried, and the command line outweighs the project's sandbox.
const NO_SANDBOX = ["--settings", '{"sandbox":{"enabled":false}}'];

async function session(
  t: TestContext,
  { home }: House,
  cwd: string,
  command: string,
  options = NO_SANDBOX,
): Promise<string> {
  const base = await scriptedModel(t, command);
  const { stdout, stderr } = await run([program ?? "", "-p", "go", "--model", "scripted", ...options], {
    timeoutMs: 90_000,
    cwd,
    env: {
      HOME: home,
      PATH: process.env["PATH"] ?? "",
      ANTHROPIC_BASE_URL: base,
      ANTHROPIC_AUTH_TOKEN: "none",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      CLAUDE_CODE_MAX_RETRIES: "1",
    },
  });
  return stdout + stderr;
}

/** The client starts the hook without an environment, so the audit lies in the home that the user database names. */
const audit = ({ root }: House): string => auditFolder(root, userInfo().homedir);

async function verdictsIn(where: House): Promise<unknown[]> {
  return (await Array.fromAsync(openLedger(audit(where)).read())).map(({ record }) => record["verdict"]);
}

/** Waits for this many verdicts while a session runs, which has a deadline of its own. */
async function recorded(where: House, count: number, running: Promise<string>): Promise<void> {
  let output: string | undefined;
  const ended = running.then((told) => void (output = told));
  while (!existsSync(audit(where)) || (await verdictsIn(where)).length < count) {
    if (output !== undefined) assert.fail(`the session ended before its verdict ${count}: ${output}`);
    await Promise.race([ended, sleep(50)]);
  }
}

const cases = [
  {
    command: "cat .env",
    verdict: "deny",
    told: /result: .*demesne guard denies this: cat is given an environment file/,
  },
  { command: "git push", verdict: "ask", told: /result: Claude requested permissions to use Bash/ },
  { command: "echo canary-$((40 + 2))", verdict: "silent", told: /result: canary-42/ },
] as const;

for (const { command, verdict, told } of cases) {
  test(`in the estate, ${verdict}: ${command}`, { skip }, async (t) => {
    const where = await house(t);
    assert.match(await session(t, where, where.root, command), told);
    assert.deepEqual(await verdictsIn(where), [verdict]);
  });
}

test("an allow rule of the project does not outweigh the guard's denial", { skip }, async (t) => {
  const where = await house(t);
  const local = join(where.root, ".claude/settings.local.json");
  await writeFile(local, JSON.stringify({ permissions: { allow: ["Bash(cat *)"] } }));
  assert.match(await session(t, where, where.root, "cat .env"), /demesne guard denies this/);
});

test("a hook that crashes blocks the call", { skip }, async (t) => {
  const where = await house(t);
  await writeFile(join(where.root, ".claude/hooks/guard.cjs"), "process.exit(1)");
  const output = await session(t, where, where.root, "echo canary-$((40 + 2))");
  assert.doesNotMatch(output, /canary-42/);
});

test("settings that change while a session runs are refused, and that is in the audit", { skip }, async (t) => {
  const where = await house(t);
  const gate = join(where.root, "gate");
  execFileSync("mkfifo", [gate]);
  // Open for both directions: it waits for no reader, and one that comes late finds the line still there.
  const opener = await open(gate, "r+");
  t.after(async () => await opener.close());
  const running = session(t, where, where.root, "head -n 1 gate");
  await recorded(where, 1, running);
  await writeFile(join(where.root, ".claude/settings.local.json"), '{"disableAllHooks":true}');
  await recorded(where, 2, running);
  await opener.write("go on\n");
  await running;
  const records = (await Array.fromAsync(openLedger(audit(where)).read())).map(({ record }) => record);
  assert.deepEqual(
    records.map(({ event, verdict }) => [event, verdict]),
    [
      ["PreToolUse", "silent"],
      ["ConfigChange", "deny"],
    ],
  );
});

const noSandbox = existsSync("/usr/bin/bwrap") ? "bubblewrap is here, so the sandbox is available" : skip;

test("without the sandbox that the settings ask for, the client does not start", { skip: noSandbox }, async (t) => {
  const where = await house(t);
  const output = await session(t, where, where.root, "echo canary-$((40 + 2))", []);
  assert.match(output, /sandbox required but unavailable/);
  assert.doesNotMatch(output, /canary-42/);
});

test("below the estate's folder the client loads no guard, as docs/guard.md says", { skip }, async (t) => {
  const where = await house(t);
  assert.match(await session(t, where, join(where.root, "services"), "echo canary-$((40 + 2))"), /result: canary-42/);
  assert.equal(existsSync(audit(where)), false);
});
