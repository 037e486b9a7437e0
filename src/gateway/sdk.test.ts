// The official SDKs, unchanged, against the gateway over a scripted worker in both dialects.
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import Anthropic, { APIError } from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { gatewayFixture, type FixtureOptions } from "./gateway-fixture.ts";
import type { Scripted, Seen } from "./scripted-answers.ts";
import { printEvent } from "./wire/sse.ts";

async function clients(t: TestContext, options: FixtureOptions = {}) {
  const house = await gatewayFixture(t, options);
  const key = await house.issue();
  return {
    ...house,
    anthropic: new Anthropic({ baseURL: house.base(), apiKey: key, authToken: null, maxRetries: 2 }),
    openai: new OpenAI({ baseURL: `${house.base()}/v1`, apiKey: key }),
  };
}

const asked = { max_tokens: 100, messages: [{ role: "user" as const, content: "hi" }] };

describe("the Anthropic SDK", () => {
  for (const model of ["claude-hosted", "local-chat"]) {
    it(`gets an answer, whole and as a stream, from ${model}`, async (t) => {
      const { anthropic } = await clients(t);
      const whole = await anthropic.messages.create({ ...asked, model });
      assert.match(JSON.stringify(whole.content), /stand-in, no model/);
      assert.deepEqual([whole.usage.input_tokens, whole.usage.output_tokens], [12, 7]);
      const streamed = await anthropic.messages.stream({ ...asked, model }).finalMessage();
      assert.deepEqual(streamed.content, whole.content);
      assert.equal(streamed.stop_reason, "end_turn");
      assert.equal(streamed.usage.output_tokens, 7);
    });
  }

  it("gets a local worker's tool calls as a stream", async (t) => {
    const { anthropic, worker } = await clients(t, { script: chatToolCalls });
    const tools = [{ name: "ls", input_schema: { type: "object" as const } }];
    const message = await anthropic.messages.stream({ ...asked, model: "local-chat", tools }).finalMessage();
    assert.equal(message.stop_reason, "tool_use");
    const calls = message.content.filter((block) => block.type === "tool_use");
    assert.deepEqual(
      calls.map(({ name, input }) => ({ name, input })),
      [
        { name: "ls", input: { path: "ä" } },
        { name: "ls", input: {} },
      ],
    );
    assert.notEqual(calls[0]?.id, calls[1]?.id);
    assert.equal(JSON.parse(worker.seen[0]?.body ?? "").tools[0].function.name, "ls");
  });

  it("gets the hosted model's tool calls as a stream", async (t) => {
    const { anthropic } = await clients(t, { script: messagesToolCalls });
    const tools = [{ name: "ls", input_schema: { type: "object" as const } }];
    const message = await anthropic.messages.stream({ ...asked, model: "claude-hosted", tools }).finalMessage();
    const calls = message.content.flatMap((block) => (block.type === "tool_use" ? [block.input] : []));
    assert.deepEqual([message.stop_reason, calls], ["tool_use", [{ a: 1 }, {}]]);
  });

  for (const status of [429, 529]) {
    it(`asks again by itself when the upstream answers ${status}`, async (t) => {
      const { anthropic, worker } = await clients(t, { script: busyAtFirst(status) });
      const whole = await anthropic.messages.create({ ...asked, model: "claude-hosted" });
      assert.match(JSON.stringify(whole.content), /stand-in, no model/);
      assert.equal(worker.seen.length, 2);
    });
  }

  it("counts tokens, at the upstream or by a guess that says so", async (t) => {
    const { anthropic } = await clients(t);
    const { data, response } = await anthropic.messages
      .countTokens({ model: "local-chat", messages: asked.messages })
      .withResponse();
    assert.ok(data.input_tokens > 0);
    assert.equal(response.headers.get("x-demesne-estimate"), "true");
  });

  it("lists the models", async (t) => {
    const { anthropic } = await clients(t);
    const ids = (await Array.fromAsync(anthropic.models.list())).map((model) => model.id);
    assert.deepEqual(ids, ["claude-hosted", "claude-unpriced", "local-chat"]);
    assert.equal((await anthropic.models.retrieve("local-chat")).id, "local-chat");
  });

  it("throws what the gateway says when a worker breaks off, and gets no end of message", async (t) => {
    const begun = chat({ content: "half" }, null);
    const { anthropic } = await clients(t, { script: () => ({ ...events([begun]), end: "cut" }) });
    const stream = anthropic.messages.stream({ ...asked, model: "local-chat" });
    const seen: string[] = [];
    stream.on("streamEvent", (event) => seen.push(event.type));
    await assert.rejects(
      stream.finalMessage(),
      (error) => error instanceof APIError && /broke off/.test(error.message),
    );
    assert.ok(!seen.includes("message_stop"));
  });
});

describe("the OpenAI SDK", () => {
  for (const model of ["claude-hosted", "local-chat"]) {
    it(`gets an answer, whole and as a stream, from ${model}`, async (t) => {
      const { openai } = await clients(t);
      const whole = await openai.chat.completions.create({ ...asked, model });
      assert.match(whole.choices[0]?.message.content ?? "", /stand-in, no model/);
      assert.equal(whole.usage?.total_tokens, 19);
      const stream = openai.chat.completions.stream({ ...asked, model, stream_options: { include_usage: true } });
      const final = await stream.finalChatCompletion();
      assert.equal(final.choices[0]?.message.content, whole.choices[0]?.message.content);
      assert.equal(final.usage?.total_tokens, 19);
    });

    it(`gets no usage chunk that it did not ask for from ${model}`, async (t) => {
      const { openai } = await clients(t);
      const chunks = await Array.fromAsync(await openai.chat.completions.create({ ...asked, model, stream: true }));
      assert.ok(chunks.length > 2);
      assert.ok(chunks.every((chunk) => chunk.choices.length === 1));
    });
  }

  it("gets hosted tool calls as a stream, counted from 0", async (t) => {
    const { openai } = await clients(t, { script: messagesToolCalls });
    const tools = [{ type: "function" as const, function: { name: "ls", parameters: {} } }];
    const final = await openai.chat.completions
      .stream({ ...asked, model: "claude-hosted", tools })
      .finalChatCompletion();
    const calls = final.choices[0]?.message.tool_calls?.map(
      (call) => call.type === "function" && call.function.arguments,
    );
    assert.deepEqual(calls, ['{"a":1}', "{}"]);
    assert.equal(final.choices[0]?.finish_reason, "tool_calls");
  });

  it("gets a local worker's tool calls as a stream", async (t) => {
    const begun = { index: 0, id: "call_a", type: "function", function: { name: "ls", arguments: '{"path":' } };
    const parts = [{ role: "assistant", tool_calls: [begun] }, piece(0, { arguments: '"ä"}' })].map((delta) =>
      chat(delta, null),
    );
    const { openai } = await clients(t, {
      script: () => events([...parts, chat({}, "tool_calls"), "data: [DONE]\n\n"]),
    });
    const tools = [{ type: "function" as const, function: { name: "ls", parameters: {} } }];
    const final = await openai.chat.completions.stream({ ...asked, model: "local-chat", tools }).finalChatCompletion();
    const calls = final.choices[0]?.message.tool_calls?.map(
      (call) => call.type === "function" && call.function.arguments,
    );
    assert.deepEqual(calls, ['{"path":"ä"}']);
    assert.equal((await openai.models.retrieve("local-chat")).id, "local-chat");
  });

  for (const status of [429, 503]) {
    it(`asks again by itself when a worker answers ${status}`, async (t) => {
      const { openai, worker } = await clients(t, { script: busyAtFirst(status) });
      const whole = await openai.chat.completions.create({ ...asked, model: "local-chat" });
      assert.match(whole.choices[0]?.message.content ?? "", /stand-in, no model/);
      assert.equal(worker.seen.length, 2);
    });
  }

  for (const embedding of ["AACAPgAAAL8=", [0.25, -0.5]]) {
    it(`decodes embeddings that come as ${typeof embedding}`, async (t) => {
      const data = [{ object: "embedding", index: 0, embedding }];
      const { openai } = await clients(t, { script: () => json({ object: "list", model: "e", data, usage: {} }) });
      const answer = await openai.embeddings.create({ model: "local-chat", input: "hi" });
      assert.deepEqual([...(answer.data[0]?.embedding ?? [])], [0.25, -0.5]);
    });
  }
});

/** The first answer is a refusal for the moment, those after it are as ever. */
function busyAtFirst(status: number): () => Scripted | undefined {
  let isFirst = true;
  return () => {
    if (!isFirst) return undefined;
    isFirst = false;
    const headers = { "content-type": "application/json", "retry-after": "0" };
    return { status, headers, parts: ['{"type":"error","error":{"type":"overloaded_error","message":"busy"}}'] };
  };
}

function json(value: object): Scripted {
  return { headers: { "content-type": "application/json" }, parts: [JSON.stringify(value)] };
}

/** Each event split in the middle, so that every reader has to put them together. */
function events(list: readonly string[]): Scripted {
  const bytes = Buffer.from(list.join(""));
  const parts = Array.from({ length: Math.ceil(bytes.length / 37) }, (_, n) => bytes.subarray(n * 37, n * 37 + 37));
  return { headers: { "content-type": "text/event-stream" }, parts };
}

function chat(delta: object, finish: string | null): string {
  return printEvent({ choices: [{ index: 0, delta, finish_reason: finish }] });
}

function chatToolCalls({ path }: Seen): Scripted | undefined {
  if (path !== "/v1/chat/completions") return undefined;
  return events([
    chat({ content: "let me see" }, null),
    chat(piece(0, { name: "ls", arguments: '{"path":' }), null),
    chat(piece(0, { arguments: '"ä"}' }), null),
    chat(piece(1, { name: "ls", arguments: "" }), null),
    chat({}, "tool_calls"),
    "data: [DONE]\n\n",
  ]);
}

function piece(index: number, written: object): object {
  return { tool_calls: [{ index, function: written }] };
}

function messagesToolCalls(): Scripted {
  const all = [
    {
      type: "message_start",
      message: { type: "message", role: "assistant", content: [], usage: { input_tokens: 3, output_tokens: 1 } },
    },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "see" } },
    { type: "content_block_stop", index: 0 },
    {
      type: "content_block_start",
      index: 1,
      content_block: { type: "tool_use", id: "toolu_a", name: "ls", input: {} },
    },
    { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: '{"a":1}' } },
    { type: "content_block_stop", index: 1 },
    {
      type: "content_block_start",
      index: 2,
      content_block: { type: "tool_use", id: "toolu_b", name: "ls", input: {} },
    },
    { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: "{}" } },
    { type: "content_block_stop", index: 2 },
    { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 9 } },
    { type: "message_stop" },
  ];
  return events(all.map((event) => printEvent(event, event.type)));
}
