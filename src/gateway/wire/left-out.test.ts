import assert from "node:assert/strict";
import { it } from "node:test";
import { gatewayFixture } from "../gateway-fixture.ts";
import { leftOut } from "./left-out.ts";
import { READ_FROM_MESSAGES } from "./to-chat.ts";
import { READ_FROM_CHAT } from "./to-messages.ts";

it("names what the other dialect has no word for, and nothing else", () => {
  const chat = { model: "m", messages: [], seed: 7, logit_bias: { 1: 2 }, user: null, store: false, stop: "x" };
  assert.deepEqual(leftOut(chat, READ_FROM_CHAT), ["seed", "logit_bias"]);
  const messages = { model: "m", messages: [], max_tokens: 9, metadata: { user_id: "u" }, top_k: 1 };
  assert.deepEqual(leftOut(messages, READ_FROM_MESSAGES), ["metadata"]);
});

it("makes no header of a name that is none, nor of more than twenty", () => {
  assert.deepEqual(leftOut({ "a\r\nset-cookie": 1, ü: 1, "": 1, A: 1 }, READ_FROM_MESSAGES), []);
  assert.equal(
    leftOut(Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`f${n}`, n])), READ_FROM_MESSAGES).length,
    20,
  );
});

it("is told to clients of both dialects, with a stream as without, and only where something was translated", async (t) => {
  const house = await gatewayFixture(t);
  const headers = { "x-api-key": await house.issue() };
  const chat = { model: "claude-hosted", messages: [{ role: "user", content: "hi" }], seed: 7, presence_penalty: 1 };
  const messages = { model: "local-chat", max_tokens: 9, messages: chat.messages, metadata: { user_id: "u" } };
  for (const stream of [false, true]) {
    const told = async (path: string, body: object) =>
      (await house.post(path, { ...body, stream }, headers)).headers.get("x-demesne-left-out");
    assert.equal(await told("/v1/chat/completions", chat), "seed, presence_penalty");
    assert.equal(await told("/v1/chat/completions", { ...chat, model: "local-chat" }), null);
    assert.equal(await told("/v1/messages", messages), "metadata");
    assert.equal(await told("/v1/messages", { ...messages, model: "claude-hosted" }), null);
  }
});
