// Streams that end before their end, paths that are not let through, and who hears of it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openLedger } from "../ledger/index.ts";
import { gatewayFixture } from "./gateway-fixture.ts";
import type { Scripted } from "./scripted-answers.ts";
import { printEvent } from "./wire/sse.ts";

type House = Awaited<ReturnType<typeof gatewayFixture>>;

const messages = [{ role: "user", content: "hi" }];
const hosted = { model: "claude-hosted", max_tokens: 100, messages };
const local = { model: "local-chat", messages };

function streamed(...parts: readonly string[]): () => Scripted {
  return () => ({ headers: { "content-type": "text/event-stream" }, parts });
}

const start = printEvent(
  { type: "message_start", message: { usage: { input_tokens: 12, output_tokens: 1 } } },
  "message_start",
);
const delta = printEvent(
  { type: "content_block_delta", delta: { type: "text_delta", text: "a" } },
  "content_block_delta",
);
const stop = printEvent({ type: "message_delta", delta: {}, usage: { output_tokens: 7 } }, "message_delta");
const chunk = printEvent({ choices: [{ index: 0, delta: { content: "a" }, finish_reason: null }] });
const lastChunk = printEvent({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });

describe("a passed stream", () => {
  for (const [what, path, body, parts, isWhole] of [
    ["Anthropic's, whole", "/v1/messages", hosted, [start, delta, stop], true],
    ["Anthropic's, without its end", "/v1/messages", hosted, [start, delta], false],
    ["Anthropic's, of something else", "/v1/messages", hosted, ["<html>\n\n"], false],
    ["OpenAI's, ended by its reason", "/v1/chat/completions", local, [chunk, lastChunk], true],
    ["OpenAI's, ended by its mark", "/v1/chat/completions", local, [chunk, "data: [DONE]\n\n"], true],
    ["OpenAI's, without its end", "/v1/chat/completions", local, [chunk, chunk], false],
  ] as const) {
    it(`${what}: ${isWhole ? "ends as it came" : "does not look whole"}`, async (t) => {
      const house = await gatewayFixture(t, { script: streamed(...parts) });
      const key = await house.issue();
      const { text } = await house.post(path, { ...body, stream: true }, { "x-api-key": key });
      if (isWhole) return assert.equal(text, parts.join(""));
      assert.ok(text.startsWith(parts.join("")), text);
      assert.match(text.slice(parts.join("").length), /^(event: error\n)?data: .*the upstream broke off/);
    });
  }

  it("tells of the upstream's own failure once, in its words", async (t) => {
    const failure = printEvent({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }, "error");
    const house = await gatewayFixture(t, { script: streamed(start, delta, failure) });
    const key = await house.issue();
    const { text } = await house.post("/v1/messages", { ...hosted, stream: true }, { "x-api-key": key });
    assert.equal(text, start + delta + failure);
  });

  it("is none when the upstream answers with a document: an SDK would take it for an empty answer", async (t) => {
    const json = { headers: { "content-type": "application/json" }, parts: ['{"choices":[]}'] };
    const house = await gatewayFixture(t, { script: () => json });
    const key = await house.issue();
    for (const [path, body] of [
      ["/v1/messages", hosted],
      ["/v1/chat/completions", local],
      ["/v1/messages", { ...local, max_tokens: 10 }],
    ] as const) {
      const answer = await house.post(path, { ...body, stream: true }, { "x-api-key": key });
      assert.equal(answer.status, 502, answer.text);
      assert.match(answer.text, /asked for a stream and answered with something else/);
    }
  });
});

async function audited(house: House): Promise<unknown[]> {
  await house.gateway().stop();
  const entries = await Array.fromAsync(openLedger(join(house.folder, "state/ledger")).read());
  return entries.filter(({ record }) => record.kind === "gateway.refused").map(({ record }) => record["why"]);
}

describe("a path that is not let through", () => {
  it("is refused once and for all, in the client's dialect, and the audit has it", async (t) => {
    const house = await gatewayFixture(t);
    const key = await house.issue();
    const anthropic = { "x-api-key": key, "anthropic-version": "2023-06-01" };
    for (const [path, headers, shape] of [
      [
        "/v1/messages/batches",
        anthropic,
        /^\{"type":"error","error":\{"type":"policy_blocked","message":"batches are kept/,
      ],
      ["/v1/files", anthropic, /^\{"type":"error","error":\{"type":"policy_blocked","message":"files are kept/],
      ["/v1/batches", { authorization: `Bearer ${key}` }, /^\{"error":\{"message":"batches are kept/],
    ] as const) {
      const answer = await house.post(path, {}, headers);
      assert.deepEqual([answer.status, answer.headers.get("x-should-retry")], [400, "false"]);
      assert.match(answer.text, shape);
    }
    assert.equal((await house.post("/v1/files", {}, { "x-api-key": "sk-wrong" })).status, 401);
    assert.deepEqual(house.worker.seen, []);
    assert.deepEqual(await audited(house), ["policy_blocked", "policy_blocked", "policy_blocked"]);
  });

  it("is told in Anthropic's shape to whom names a version of its API", async (t) => {
    const house = await gatewayFixture(t);
    const { text } = await house.get("/v1/models", { "x-api-key": "sk-wrong", "anthropic-version": "2023-06-01" });
    assert.equal(JSON.parse(text).type, "error");
    assert.equal(JSON.parse((await house.get("/v1/models", { "x-api-key": "sk-wrong" })).text).error.code, "401");
  });
});

describe("a key that is known and not let in", () => {
  it("is in the audit: blocked, expired, not for this path", async (t) => {
    let now = Date.UTC(2026, 10, 28);
    const house = await gatewayFixture(t, { clock: { now: () => now } });
    const blocked = await house.issue();
    await house.manage("POST", "/key/block", { key: blocked });
    const expired = await house.issue({ duration: "1d" });
    const narrow = await house.issue({ allowed_routes: ["/v1/embeddings"] });
    now += 2 * 86_400_000;
    const statuses: number[] = [];
    for (const key of [blocked, expired, narrow, "sk-unknown"]) {
      statuses.push((await house.post("/v1/messages", hosted, { "x-api-key": key })).status);
    }
    assert.deepEqual(statuses, [401, 401, 403, 401]);
    assert.deepEqual(await audited(house), ["authentication_error", "authentication_error", "permission_error"]);
  });
});

describe("a model", () => {
  it("is told of alone, where the key may ask it", async (t) => {
    const house = await gatewayFixture(t);
    const headers = { "x-api-key": await house.issue({ models: ["claude-hosted"] }) };
    const answer = await house.get("/v1/models/claude-hosted", headers);
    const { id, object, type } = JSON.parse(answer.text);
    assert.deepEqual([answer.status, id, object, type], [200, "claude-hosted", "model", "model"]);
    assert.equal((await house.get("/v1/models/local-chat", headers)).status, 404);
    assert.equal((await house.get("/v1/models/%E0%A4%A", headers)).status, 404);
  });
});
