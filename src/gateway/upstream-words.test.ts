// What a client hears of an upstream's failure, through the whole gateway: the status and the wait, and the words it can act on.
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { writeFileSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { parse, stringify } from "yaml";
import { gatewayFixture, type FixtureOptions } from "./gateway-fixture.ts";
import type { Scripted } from "./scripted-answers.ts";
import { printEvent } from "./wire/sse.ts";

const messages = [{ role: "user", content: "hi" }];
const asked = { model: "local-chat", max_tokens: 32_000, messages };

async function house(t: TestContext, answer: Scripted, config: object = {}) {
  const options: FixtureOptions = { script: () => answer, config };
  const made = await gatewayFixture(t, options);
  const headers = { "x-api-key": await made.issue() };
  const ask = async (path: string, body: object | string) => await made.post(path, body, headers);
  return { ...made, headers, ask };
}

/** Beside the standard routes: a worker that speaks Messages itself. */
async function withMessages(made: Awaited<ReturnType<typeof house>>): Promise<void> {
  const config = parse(made.configText());
  const { upstream } = config.routes["local-chat"];
  config.routes["local-messages"] = { upstream, dialect: "anthropic", residency: "local" };
  writeFileSync(made.configFile, stringify(config));
  await made.restart();
}

function json(status: number, body: object): Scripted {
  return { status, headers: { "content-type": "application/json" }, parts: [JSON.stringify(body)] };
}

function stream(...parts: string[]): Scripted {
  return { headers: { "content-type": "text/event-stream" }, parts };
}

describe("an error that is no JSON", () => {
  for (const [status, type, seen] of [
    [429, "text/plain", 429],
    [503, "text/html", 529],
    [413, "text/html", 413],
    [404, "text/plain", 404],
  ] as const) {
    it(`${status} in ${type} stays what it is, with its wait and without its text`, async (t) => {
      const headers = { "content-type": type, "retry-after": "7" };
      const { ask } = await house(t, { status, headers, parts: ["<html>10.0.0.7 is busy</html>"] });
      for (const path of ["/v1/messages", "/v1/chat/completions"]) {
        for (const isStream of [false, true]) {
          const answer = await ask(path, { ...asked, stream: isStream });
          assert.deepEqual([answer.status, answer.headers.get("retry-after")], [seen, "7"]);
          assert.match(JSON.parse(answer.text).error.message, new RegExp(`answered ${status} without a message`));
          assert.doesNotMatch(answer.text, /10\.0\.0\.7/);
        }
      }
    });
  }
});

describe("a prompt that does not fit", () => {
  const said = "The decoder prompt (length 40000) is longer than the maximum model length of 32768.";

  it("is one word to an Anthropic client", async (t) => {
    const { ask } = await house(t, json(400, { error: { message: said } }));
    const { error } = JSON.parse((await ask("/v1/messages", asked)).text);
    assert.deepEqual([error.type, error.message], ["invalid_request_error", "capability_rejected: prompt_too_long"]);
  });

  it("is one word too when the worker speaks Messages itself, and its other words pass as they are", async (t) => {
    const other = { error: { message: "no such lora", type: "BadRequestError" } };
    for (const [body, told] of [
      [{ error: { message: said } }, /capability_rejected: prompt_too_long/],
      [other, new RegExp(`^${JSON.stringify(other)}$`)],
    ] as const) {
      const made = await house(t, json(400, body));
      await withMessages(made);
      assert.match((await made.ask("/v1/messages", { ...asked, model: "local-messages" })).text, told);
    }
  });

  it("is the upstream's words and OpenAI's code to an OpenAI client", async (t) => {
    const made = await house(t, json(400, { type: "error", error: { type: "invalid_request_error", message: said } }));
    await withMessages(made);
    const answer = await made.ask("/v1/chat/completions", { ...asked, model: "local-messages" });
    assert.equal(answer.status, 400);
    const told = { message: said, type: "invalid_request_error", param: "messages", code: "context_length_exceeded" };
    assert.deepEqual(JSON.parse(answer.text), { error: told });
  });
});

const chunk = printEvent({ choices: [{ index: 0, delta: { content: "a" }, finish_reason: null }] });

describe("a failure that a stream tells of", () => {
  for (const [what, event] of [
    ["vLLM's flat one", printEvent({ object: "error", message: "the engine died", code: 500 })],
    ["Ollama's string", printEvent({ error: "the engine died" })],
    ["llama.cpp's own field", `error: ${JSON.stringify({ code: 500, message: "the engine died" })}\n\n`],
  ] as const) {
    it(`${what} reaches an Anthropic client as an error with its words`, async (t) => {
      const { ask } = await house(t, stream(chunk, event));
      const { text } = await ask("/v1/messages", { ...asked, stream: true });
      assert.match(text, /event: error\ndata: .*"type":"api_error","message":"the engine died"/);
      assert.doesNotMatch(text, /message_stop|broke off/);
    });
  }

  it("llama.cpp's own field reaches an OpenAI client in the shape that its SDK throws on", async (t) => {
    const { ask } = await house(t, stream(chunk, `error: {"code":503,"message":"slot is gone"}\n\n`));
    const { text } = await ask("/v1/chat/completions", { ...asked, stream: true });
    assert.equal(JSON.parse(text.slice(text.lastIndexOf("data: ") + "data: ".length)).error.message, "slot is gone");
  });

  it("what came in the same piece before it is told all the same", async (t) => {
    const { ask } = await house(t, stream(chunk + `error: {"code":503,"message":"slot is gone"}\n\n`));
    for (const path of ["/v1/chat/completions", "/v1/messages"]) {
      const { text } = await ask(path, { ...asked, stream: true });
      assert.match(text, /"a".*slot is gone/s);
    }
  });

  it("in a shape that OpenAI's SDK passes over is told in one that it throws on", async (t) => {
    for (const [event, said] of [
      [{ object: "error", message: "the engine died" }, "the engine died"],
      [{ choices: [{ index: 0, delta: {}, finish_reason: "abort" }] }, "the upstream gave up"],
    ] as const) {
      const { ask } = await house(t, stream(chunk, printEvent(event)));
      const { text } = await ask("/v1/chat/completions", { ...asked, stream: true });
      assert.equal(JSON.parse(text.slice(text.lastIndexOf("data: ") + "data: ".length)).error.message, said);
    }
  });

  it("a word of the model's is none", async (t) => {
    const spoken = { choices: [{ index: 0, delta: { content: "a" }, logprobs: { content: [{ token: "error" }] } }] };
    const { ask } = await house(t, stream(printEvent(spoken)));
    const { text } = await ask("/v1/chat/completions", { ...asked, stream: true });
    assert.match(text, /the upstream broke off/);
  });

  it("an answer that gave up is none, and neither is an error with a good status", async (t) => {
    const aborted = await house(t, stream(chunk, printEvent({ choices: [{ delta: {}, finish_reason: "abort" }] })));
    const { text } = await aborted.ask("/v1/messages", { ...asked, stream: true });
    assert.match(text, /event: error\ndata: .*the upstream gave up/);
    const { ask } = await house(t, json(200, { error: { message: "no slot", code: 503 } }));
    for (const path of ["/v1/messages", "/v1/chat/completions"]) {
      const answer = await ask(path, asked);
      assert.deepEqual([answer.status, JSON.parse(answer.text).error.message], [529, "no slot"]);
    }
  });
});

it("a worker that speaks Messages and keeps silent over a long prompt is kept alive between its events", async (t) => {
  const start = printEvent({ type: "message_start", message: {} }, "message_start");
  const stop = printEvent({ type: "message_stop" }, "message_stop");
  const half = start.slice(0, 20);
  const parts = [half, start.slice(20), stop];
  const made = await house(
    t,
    { headers: { "content-type": "text/event-stream" }, parts, headMs: 150, gapMs: 150 },
    { limits: { drainMs: 200, pingMs: 40 } },
  );
  await withMessages(made);
  const { text } = await made.ask("/v1/messages", { ...asked, model: "local-messages", stream: true });
  const ping = printEvent({ type: "ping" }, "ping");
  assert.equal(text.replaceAll(ping, ""), start + stop);
  assert.ok(text.startsWith(ping), text);
  assert.ok(text.indexOf(ping, text.indexOf(start)) > 0, text);
});

describe("a request that cannot be read", () => {
  it("is told so by what is wrong with it: compressed, or nested without end", async (t) => {
    const { base, headers, ask } = await house(t, json(200, {}));
    const zipped = await fetch(`${base()}/v1/messages`, {
      method: "POST",
      headers: { ...headers, "content-encoding": "gzip" },
      body: new Uint8Array(gzipSync(JSON.stringify(asked))),
    });
    assert.equal(zipped.status, 400);
    assert.match(await zipped.text(), /content-encoding gzip: the gateway takes bodies as they are/);
    const depth = 50_000;
    const text = `${'[{"type":"tool_result","content":'.repeat(depth)}[]${"}]".repeat(depth)}`;
    const inSchema = `"messages":[{"role":"user","content":"hi"}],"tools":[{"name":"f","input_schema":${text}}]`;
    for (const model of ["local-chat", "claude-hosted"] as const) {
      const deep = { "local-chat": `"messages":[{"role":"user","content":${text}}]`, "claude-hosted": inSchema }[model];
      const body = `{"model":"${model}","max_tokens":9,${deep}}`;
      const answer = await ask("/v1/messages", body);
      assert.deepEqual(
        [answer.status, JSON.parse(answer.text).error.message],
        [400, "the body is nested too deeply"],
        model,
      );
    }
  });

  it("is refused in the dialect of its path, whatever its headers say", async (t) => {
    const { post } = await house(t, json(200, {}));
    const wrong = { "x-api-key": "sk-wrong", "anthropic-version": "2023-06-01" };
    const { text, headers } = await post("/v1/chat/completions", asked, wrong);
    assert.equal(JSON.parse(text).error.code, "401");
    assert.match(headers.get("x-request-id") ?? "", /^req_/);
  });
});

it("every answer has a name, also those that no upstream is asked for", async (t) => {
  const { get, headers, ask } = await house(t, json(200, {}));
  for (const answer of [await get("/v1/models", headers), await ask("/v1/messages/count_tokens", asked)]) {
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("request-id") ?? "", /^req_/);
    assert.equal(answer.headers.get("x-request-id"), answer.headers.get("request-id"));
  }
});
