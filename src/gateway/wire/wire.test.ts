// Every case file under test/cases/gateway is one behaviour of the translation between the dialects.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { z } from "zod";
import { arrayAt, isObject, objectAt, type JsonObject } from "../json.ts";
import { Refusal } from "../refusal.ts";
import { ChatStream } from "./chat-stream.ts";
import { fromChat } from "./from-chat.ts";
import { fromMessages } from "./from-messages.ts";
import { MessagesStream } from "./messages-stream.ts";
import { toChat } from "./to-chat.ts";
import { toMessages } from "./to-messages.ts";
import { toolNames } from "./tool-names.ts";
import { failureIn, upstreamError } from "./upstream-error.ts";

const CASES = join(import.meta.dirname, "../../../test/cases/gateway");

const Json = z.record(z.string(), z.unknown());

const Case = z.strictObject({
  request: Json.default({}),
  options: z
    .strictObject({
      images: z.boolean(),
      reasoning: z.boolean(),
      thinking: z.enum(["template", "effort"]),
      topK: z.boolean(),
    })
    .partial()
    .default({}),
  answer: Json.default({}),
  chunks: z.array(Json).default([]),
  events: z.array(Json).default([]),
  withUsage: z.boolean().default(false),
  tools: z.array(z.string()).default([]),
  stopSequences: z.array(z.string()).default([]),
  status: z.int().default(0),
  body: z.unknown().optional(),
  retryAfter: z.string().optional(),
  sent: z.array(z.string()).default([]),
  gives: z.unknown().optional(),
  refused: z.unknown().optional(),
});
type Case = z.infer<typeof Case>;

function context({ tools, stopSequences }: Case) {
  return {
    id: "1",
    model: "claude-local",
    created: 1,
    names: toolNames(tools),
    stopSequences,
    estimate: { input: 9, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0 },
  };
}

const RUN: Record<string, (given: Case) => unknown> = {
  "to-chat": ({ request, options }) =>
    toChat(request, {
      model: "worker",
      images: options.images ?? false,
      reasoning: options.reasoning ?? false,
      thinking: options.thinking ?? "none",
      topK: options.topK ?? true,
    }),
  "from-chat": (given) => fromChat(given.answer, context(given)),
  "chat-stream": (given) => {
    const stream = new ChatStream(context(given));
    const events = given.chunks.flatMap((chunk) => stream.push(chunk));
    return [stream.start(), ...events, ...stream.end()].map(brief);
  },
  "to-messages": ({ request }) => toMessages(request, { model: "claude", maxTokens: 1000 }),
  "from-messages": (given) => fromMessages(given.answer, context(given)),
  "messages-stream": (given) => {
    const stream = new MessagesStream(context(given), { withUsage: given.withUsage });
    return given.events.flatMap((event) => stream.push(event)).map(briefChunk);
  },
  "upstream-error": ({ status, body, sent, retryAfter }) => {
    const failed = { sent: new Set(sent), inputEstimate: 900 };
    const { kind, message, headers, capability } = upstreamError(status, body, failed, retryAfter);
    return { kind, message, headers, capability };
  },
  "failure-in": ({ answer }) => {
    const failure = failureIn(answer);
    return failure === undefined ? {} : { kind: failure.kind, message: failure.message };
  },
};

/** Case files name what changes; the frame of an event is the same each time. */
function brief(event: JsonObject): unknown {
  switch (event["type"]) {
    case "message_start":
      return { start: objectAt(objectAt(event["message"], "message")["usage"], "usage")["input_tokens"] };
    case "content_block_start":
      return { [`open ${String(event["index"])}`]: event["content_block"] };
    case "content_block_delta":
      return { [`delta ${String(event["index"])}`]: event["delta"] };
    case "content_block_stop":
      return { close: event["index"] };
    case "message_delta":
      return { stop: event["delta"], usage: event["usage"] };
    default:
      return event["type"];
  }
}

function briefChunk(chunk: JsonObject): unknown {
  const [choice] = arrayAt(chunk["choices"], "choices");
  if (!isObject(choice)) return { usage: chunk["usage"] };
  return choice["finish_reason"] === null ? choice["delta"] : { finish: choice["finish_reason"] };
}

for (const [direction, run] of Object.entries(RUN)) {
  describe(direction, () => {
    for (const file of readdirSync(join(CASES, direction))) {
      it(file.replace(/\.json$/, "").replaceAll("-", " "), () => {
        const given = Case.parse(JSON.parse(readFileSync(join(CASES, direction, file), "utf8")));
        if (given.refused === undefined) {
          assert.deepEqual(JSON.parse(JSON.stringify(run(given))), given.gives);
          return;
        }
        assert.throws(
          () => run(given),
          (error) => {
            assert.ok(error instanceof Refusal, String(error));
            const { kind, message, capability } = error;
            assert.deepEqual({ kind, message, ...(capability === undefined ? {} : { capability }) }, given.refused);
            return true;
          },
        );
      });
    }
  });
}
