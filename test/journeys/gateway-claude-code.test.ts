// The shipped Claude Code program, unchanged, over the gateway and a scripted worker. DEMESNE_CLAUDE_CODE names it; without it
// these tests are skipped (scripts/claude-code.ts says who gets it by itself).
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { parse, stringify } from "yaml";
import { gatewayFixture, type FixtureOptions } from "../../src/gateway/gateway-fixture.ts";
import type { Scripted, Seen } from "../../src/gateway/scripted-answers.ts";
import { printEvent } from "../../src/gateway/wire/sse.ts";
import { run } from "../../src/lib/run.ts";

const program = process.env["DEMESNE_CLAUDE_CODE"];
const isJson = { "content-type": "application/json" };
const skip = program === undefined ? "DEMESNE_CLAUDE_CODE does not name the program" : false;

async function house(t: TestContext, settings: object = {}, options: FixtureOptions = {}) {
  const gateway = await gatewayFixture(t, options);
  const key = await gateway.issue(settings);
  const home = mkdtempSync(join(tmpdir(), "demesne-claude-"));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const ask = async (prompt: string, model: string) =>
    await run([program ?? "", "-p", prompt, "--model", model], {
      timeoutMs: 60_000,
      cwd: home,
      env: {
        HOME: home,
        PATH: process.env["PATH"] ?? "",
        ANTHROPIC_BASE_URL: gateway.base(),
        ANTHROPIC_AUTH_TOKEN: key,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
        CLAUDE_CODE_MAX_RETRIES: "2",
      },
    });
  const refusals = (): string[] => gateway.logged.flatMap((entry) => (entry.event === "refused" ? [entry.kind] : []));
  return { ...gateway, key, home, ask, refusals };
}

function chatStream(deltas: readonly object[], finish: string): Scripted {
  const chunks = [
    ...deltas.map((delta) => ({ choices: [{ index: 0, delta, finish_reason: null }] })),
    { choices: [{ index: 0, delta: {}, finish_reason: finish }], usage: { prompt_tokens: 9, completion_tokens: 9 } },
  ];
  const parts = [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), "data: [DONE]\n\n"];
  return { headers: { "content-type": "text/event-stream" }, parts };
}

function messagesStream([start, delta]: readonly [object, object], stop = "end_turn"): Scripted {
  const usage = { input_tokens: 9, output_tokens: 9 };
  const events = [
    {
      type: "message_start",
      message: { id: "msg_1", type: "message", role: "assistant", content: [], model: "m", usage },
    },
    { type: "content_block_start", index: 0, content_block: start },
    { type: "content_block_delta", index: 0, delta },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: stop, stop_sequence: null }, usage },
    { type: "message_stop" },
  ];
  const parts = events.map((event) => printEvent(event, event.type));
  return { headers: { "content-type": "text/event-stream" }, parts };
}

describe("Claude Code", { skip }, () => {
  for (const model of ["claude-hosted", "local-chat"]) {
    it(`talks to ${model}, and no device id leaves`, async (t) => {
      const { ask, worker } = await house(t);
      const { status, stdout, stderr } = await ask("say hi", model);
      assert.equal(status, 0, stderr);
      assert.match(stdout, /stand-in, no model/);
      assert.ok(!JSON.stringify(worker.seen).includes("device_id"));
    });
  }

  it("calls a tool that a chat worker asks for, and the result comes back", async (t) => {
    let file = "";
    const script = ({ body }: Seen): Scripted => {
      const result = /canary-[0-9]+/.exec(
        JSON.stringify(JSON.parse(body).messages.filter((m: { role: string }) => m.role === "tool")),
      );
      if (result !== null) return chatStream([{ content: `I read ${result[0]}` }], "stop");
      const call = { index: 0, id: "c1", function: { name: "Read", arguments: JSON.stringify({ file_path: file }) } };
      return chatStream([{ reasoning_content: "let me look" }, { tool_calls: [call] }], "tool_calls");
    };
    const { ask, home } = await house(t, {}, { script });
    file = join(home, "note.txt");
    writeFileSync(file, "canary-4711\n");
    const { stdout, stderr } = await ask("read note.txt", "local-chat");
    assert.match(stdout, /I read canary-4711/, stderr);
  });

  it("calls a tool that the hosted model asks for, and the result comes back", async (t) => {
    let file = "";
    const script = ({ body }: Seen): Scripted => {
      const seen = /canary-[0-9]+/.exec(JSON.stringify(JSON.parse(body).messages));
      if (seen !== null)
        return messagesStream([
          { type: "text", text: "" },
          { type: "text_delta", text: `I read ${seen[0]}` },
        ]);
      const call = { type: "tool_use", id: "toolu_1", name: "Read", input: {} };
      return messagesStream(
        [call, { type: "input_json_delta", partial_json: JSON.stringify({ file_path: file }) }],
        "tool_use",
      );
    };
    const { ask, home } = await house(t, {}, { script });
    file = join(home, "note.txt");
    writeFileSync(file, "canary-4712\n");
    const { stdout, stderr } = await ask("read note.txt", "claude-hosted");
    assert.match(stdout, /I read canary-4712/, stderr);
  });

  it("asks once when the budget does not hold it, and says what is left", async (t) => {
    const { ask, refusals } = await house(t, { max_budget: 0.0001 });
    const { stdout } = await ask("say hi", "claude-hosted");
    assert.deepEqual(refusals(), ["billing_error"]);
    assert.match(stdout, /the budget of this key has \$0\.0001 of \$0\.0001 left, and this request may cost more/);
  });

  it("asks once when policy refuses, and says why", async (t) => {
    const { ask, refusals } = await house(t);
    const { stdout } = await ask("say hi", "claude-unpriced");
    assert.deepEqual(refusals(), ["policy_blocked"]);
    assert.match(stdout, /no price is known for claude-unknown-9/);
  });

  it("asks once with a key that was blocked", async (t) => {
    const { ask, refusals, manage, key } = await house(t);
    await manage("POST", "/key/block", { key });
    await ask("say hi", "claude-hosted");
    assert.deepEqual(refusals(), ["authentication_error"]);
  });

  it("waits as long as an upstream says that limits its rate", async (t) => {
    const limited = '{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}';
    const headers = { "content-type": "application/json", "retry-after": "2" };
    let tries = 0;
    const script = (): Scripted | undefined =>
      (tries += 1) === 1 ? { status: 429, headers, parts: [limited] } : undefined;
    const { ask, worker } = await house(t, {}, { script });
    const before = Date.now();
    assert.match((await ask("say hi", "claude-hosted")).stdout, /stand-in, no model/);
    assert.ok(Date.now() - before >= 2000);
    assert.equal(worker.seen.length, 2);
  });

  it("asks again when a stream breaks off, and gets its answer", async (t) => {
    let tries = 0;
    const begun = { headers: { "content-type": "text/event-stream" }, parts: [printEvent({ type: "ping" }, "ping")] };
    const script = (): Scripted | undefined => ((tries += 1) === 1 ? { ...begun, end: "cut" } : undefined);
    const { ask, worker } = await house(t, {}, { script });
    assert.match((await ask("say hi", "claude-hosted")).stdout, /stand-in, no model/);
    assert.equal(worker.seen.length, 2);
  });

  it("mends by itself what a worker's model cannot take", async (t) => {
    let tries = 0;
    const unknown = '{"error":{"message":"unknown parameter: reasoning_effort"}}';
    const script = (): Scripted | undefined =>
      (tries += 1) === 1 ? { status: 400, headers: isJson, parts: [unknown] } : undefined;
    const { ask, refusals, configFile, configText, restart } = await house(t, {}, { script });
    const config = parse(configText());
    config.routes["local-chat"].worker = { thinking: "effort" };
    writeFileSync(configFile, stringify(config));
    await restart();
    const { stdout } = await ask("say hi", "local-chat");
    assert.match(stdout, /stand-in, no model/);
    assert.deepEqual(refusals(), ["invalid_request_error"]);
  });

  it("asks a worker for less when its output does not fit, though vLLM tells no length of the prompt", async (t) => {
    const [context, prompt] = [49_152, 20_000];
    const script = ({ body }: Seen): Scripted | undefined => {
      const { max_tokens: asked } = JSON.parse(body);
      if (prompt + asked <= context) return undefined;
      const message =
        `This model's maximum context length is ${context} tokens. However, you requested ${asked} output tokens and ` +
        `your prompt contains at least ${context - asked + 1} input tokens, for a total of at least ${context + 1} tokens.`;
      const error = { message, type: "BadRequestError", param: "input_tokens", code: 400 };
      return { status: 400, headers: isJson, parts: [JSON.stringify({ error })] };
    };
    const { ask, worker } = await house(t, {}, { script });
    const { stdout, stderr } = await ask("say hi", "local-chat");
    assert.match(stdout, /stand-in, no model/, stderr);
    const outputs = worker.seen.map(({ body }) => Number(JSON.parse(body).max_tokens));
    assert.equal(outputs.length, 2, String(outputs));
  });

  it("asks twice for a model that is not served, the second time without a stream", async (t) => {
    const { ask, refusals } = await house(t);
    const { stdout } = await ask("say hi", "claude-nobody");
    assert.deepEqual(refusals(), ["not_found_error", "not_found_error"]);
    assert.match(stdout, /issue with the selected model/);
  });

  it("asks once with more than the gateway takes", async (t) => {
    const { ask, refusals } = await house(t, {}, { config: { limits: { bodyBytes: 2048, drainMs: 200 } } });
    const { stdout } = await ask("say hi", "claude-hosted");
    assert.deepEqual(refusals(), ["request_too_large"]);
    assert.match(stdout, /Request too large/);
  });

  it("asks as often as it may when a proxy before the upstream answers for it, and shows none of its text", async (t) => {
    const page = { status: 502, headers: { "content-type": "text/html" }, parts: ["<h1>bad gateway at 10.0.0.7</h1>"] };
    const { ask, worker } = await house(t, {}, { script: () => page });
    const { stdout } = await ask("say hi", "claude-hosted");
    assert.equal(worker.seen.length, 3);
    assert.doesNotMatch(stdout, /10\.0\.0\.7/);
  });

  it("asks a second time, without a stream, when the first one told of a failure in its middle", async (t) => {
    let tries = 0;
    const script = (seen: Seen): Scripted | undefined => {
      if ((tries += 1) > 1) return undefined;
      const { parts } = messagesStream([
        { type: "text", text: "" },
        { type: "text_delta", text: "half a " },
      ]);
      const failure = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
      assert.equal(JSON.parse(seen.body).stream, true);
      return {
        headers: { "content-type": "text/event-stream" },
        parts: [...[...parts].slice(0, 3), printEvent(failure, "error")],
      };
    };
    const { ask, worker } = await house(t, {}, { script });
    assert.match((await ask("say hi", "claude-hosted")).stdout, /stand-in, no model/);
    assert.deepEqual(
      worker.seen.map(({ body }) => JSON.parse(body).stream),
      [true, false],
    );
  });

  it("waits out an upstream that is overloaded twice", async (t) => {
    let tries = 0;
    const busy = '{"type":"error","error":{"type":"overloaded_error","message":"busy"}}';
    const script = (): Scripted | undefined =>
      (tries += 1) <= 2 ? { status: 529, headers: { "content-type": "application/json" }, parts: [busy] } : undefined;
    const { ask, worker } = await house(t, {}, { script });
    const { stdout } = await ask("say hi", "claude-hosted");
    assert.match(stdout, /stand-in, no model/);
    assert.equal(worker.seen.length, 3);
  });
});
