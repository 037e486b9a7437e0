// Whatever a worker or an upstream sends, what comes out is a stream that a client can read. FUZZ_RUNS raises the number of
// tries (1000000 for a release).
import assert from "node:assert/strict";
import { it } from "node:test";
import * as fc from "fast-check";
import { arrayAt, isObject, objectAt, stringOr, type JsonObject } from "../json.ts";
import { Refusal } from "../refusal.ts";
import { ChatStream } from "./chat-stream.ts";
import { MessagesStream } from "./messages-stream.ts";
import { EventReader } from "./sse.ts";
import { toChat } from "./to-chat.ts";
import { toMessages } from "./to-messages.ts";

const numRuns = Number(process.env["FUZZ_RUNS"] ?? 500);

const odd = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.constant(null),
  fc.constant(undefined),
  fc.jsonValue({ maxDepth: 1 }),
);

const piece = fc.record(
  {
    index: fc.oneof(fc.nat(3), odd),
    id: odd,
    function: fc.oneof(
      fc.record({ name: fc.constantFrom("ls", "cat", ""), arguments: fc.string() }, { requiredKeys: [] }),
      odd,
    ),
  },
  { requiredKeys: [] },
);

const delta = fc.record(
  {
    content: fc.oneof(fc.string(), odd),
    reasoning_content: fc.oneof(fc.string(), odd),
    tool_calls: fc.oneof(fc.array(piece, { maxLength: 3 }), odd),
  },
  { requiredKeys: [] },
);

const chunk = fc.record(
  {
    choices: fc.oneof(
      {
        weight: 9,
        arbitrary: fc.array(
          fc.record({
            delta: fc.oneof(delta, odd),
            finish_reason: fc.constantFrom(null, "stop", "tool_calls", "constructor"),
          }),
          { maxLength: 1 },
        ),
      },
      { weight: 1, arbitrary: odd },
    ),
    usage: odd,
  },
  { requiredKeys: [] },
);

it("a chat stream always becomes whole blocks, one at a time, in order, with every text and argument in it", () => {
  fc.assert(
    fc.property(fc.array(chunk), (chunks) => {
      const estimate = { input: 1, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0 };
      const stream = new ChatStream({ id: "1", model: "m", names: new Map(), stopSequences: [], estimate });
      const events = [stream.start(), ...chunks.flatMap((one) => stream.push(one)), ...stream.end()];
      let open: number | undefined;
      let next = 0;
      for (const event of events) {
        if (event["type"] === "content_block_start") {
          assert.equal(open, undefined);
          assert.equal(event["index"], next);
          open = next;
          next += 1;
        }
        if (event["type"] === "content_block_delta") assert.equal(event["index"], open);
        if (event["type"] === "content_block_stop") {
          assert.equal(event["index"], open);
          open = undefined;
        }
      }
      assert.equal(open, undefined);
      assert.equal(events.at(-1)?.["type"], "message_stop");
      assert.equal(typeof objectAt(events.at(-2)?.["delta"], "delta")["stop_reason"], "string");
      assert.equal(joined(events, "partial_json").length, argumentsOf(chunks).length);
    }),
    { numRuns },
  );
});

function joined(events: readonly JsonObject[], field: string): string {
  return events.map((event) => (isObject(event["delta"]) ? stringOr(event["delta"][field], "") : "")).join("");
}

/** Every piece of arguments that a worker sent, as long as it says for which call. */
function argumentsOf(chunks: readonly JsonObject[]): string {
  const choices = chunks.flatMap((one) => (Array.isArray(one["choices"]) ? one["choices"].slice(0, 1) : []));
  const pieces = choices.flatMap((choice: unknown) => {
    const calls = isObject(choice) && isObject(choice["delta"]) ? choice["delta"]["tool_calls"] : [];
    return Array.isArray(calls) ? calls.filter(isObject) : [];
  });
  return pieces
    .map((one) => {
      const called = isObject(one["function"]) ? one["function"] : {};
      return isObject(called["arguments"])
        ? JSON.stringify(called["arguments"])
        : typeof called["arguments"] === "string"
          ? called["arguments"]
          : "";
    })
    .join("");
}

it("any Anthropic events become chunks with one choice at most", () => {
  const type = fc.constantFrom(
    "message_start",
    "content_block_start",
    "content_block_delta",
    "message_delta",
    "message_stop",
    "ping",
  );
  const block = fc.record(
    { type: fc.constantFrom("text", "tool_use", "thinking"), text: odd, name: odd, id: odd },
    { requiredKeys: [] },
  );
  const event = fc.record(
    { type, message: odd, content_block: fc.oneof(block, odd), delta: odd, usage: odd },
    { requiredKeys: ["type"] },
  );
  fc.assert(
    fc.property(fc.array(event), (events) => {
      const stream = new MessagesStream({ id: "1", model: "m", created: 1 }, { withUsage: true });
      for (const out of events.flatMap((one) => stream.push(one)))
        assert.ok(arrayAt(out["choices"], "choices").length <= 1);
    }),
    { numRuns },
  );
});

it("any bytes are read as events without a crash", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (chunks) => {
      const reader = new EventReader();
      for (const bytes of chunks) reader.push(bytes);
      reader.end();
    }),
    { numRuns },
  );
});

it("any request is translated or refused, never a crash", () => {
  const block = fc.record(
    {
      type: fc.constantFrom("text", "image", "document", "tool_use", "tool_result", "thinking", "x"),
      text: odd,
      source: odd,
      content: odd,
      id: odd,
      tool_use_id: odd,
      name: odd,
      input: odd,
    },
    { requiredKeys: [] },
  );
  const message = fc.record(
    {
      role: fc.constantFrom("user", "assistant", "system", "tool", "x"),
      content: fc.oneof(fc.array(fc.oneof(block, odd)), odd),
      tool_calls: odd,
    },
    { requiredKeys: [] },
  );
  const request = fc.record(
    {
      messages: fc.oneof(fc.array(message), odd),
      system: odd,
      tools: odd,
      tool_choice: odd,
      thinking: odd,
      n: odd,
      stop: odd,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(request, (asked) => {
      refusable(() => toChat(asked, { model: "m", images: true, reasoning: true, thinking: "template", topK: true }));
      refusable(() => toMessages(asked, { model: "m", maxTokens: 1 }));
    }),
    { numRuns },
  );
});

function refusable(work: () => unknown): void {
  try {
    JSON.stringify(work());
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
  }
}
