// What the log says of a refusal: enough to see whose and why, and nothing of what was asked.
import assert from "node:assert/strict";
import { it } from "node:test";
import { gatewayFixture } from "./gateway-fixture.ts";

it("tells reason, key and path of a refusal", async (t) => {
  const house = await gatewayFixture(t);
  const key = await house.issue({ key_alias: "ui", max_budget: 0 });
  const headers = { "x-api-key": key };
  const messages = [{ role: "user", content: "hi" }];
  const last = (): unknown => {
    const entry = house.logged.findLast(({ event }) => event === "refused");
    if (entry?.event !== "refused") return entry;
    return [entry.kind, entry.reason, entry.keyId === null ? null : "known", entry.path];
  };
  await house.post("/v1/messages?beta=true", { model: "local-chat", messages }, { "x-api-key": "sk-wrong" });
  assert.deepEqual(last(), ["authentication_error", "unknown virtual key", null, "POST /v1/messages"]);
  await house.post("/v1/v1/messages", {}, headers);
  assert.deepEqual(last(), ["not_found_error", "the gateway has no such path", "known", "POST /v1/v1/messages"]);
  await house.post("/v1/messages", { model: "claude-hosted", max_tokens: 10, messages }, headers);
  assert.deepEqual(last(), [
    "billing_error",
    "the budget of this key is spent: $0.00 of $0.00",
    "known",
    "POST /v1/messages",
  ]);
  await house.post("/v1/chat/completions", "{", headers);
  assert.deepEqual(last(), [
    "invalid_request_error",
    "the body is not valid JSON",
    "known",
    "POST /v1/chat/completions",
  ]);
  await house.post("/v1/messages", { model: "nobody", max_tokens: 10, messages }, headers);
  assert.deepEqual(last(), ["not_found_error", "the model is not served to this key", "known", "POST /v1/messages"]);
  await house.post("/v1/messages", { model: "local-chat", max_tokens: 10, messages, container: "c" }, headers);
  assert.deepEqual(last(), ["policy_blocked", "would act outside this gateway", "known", "POST /v1/messages"]);
  await house.manage("POST", "/key/block", { key: "ui" });
  await house.get("/v1/models", headers);
  assert.deepEqual(last(), ["authentication_error", "this virtual key is blocked", "known", "GET /v1/models"]);
});

function message(more: object): object {
  return { model: "claude-hosted", max_tokens: 10, ...more };
}

it("has nothing of what was asked, in whatever place it stood", async (t) => {
  const house = await gatewayFixture(t, {
    script: ({ body }) => ({ status: 429, parts: [JSON.stringify({ error: { message: `no room for ${body}` } })] }),
  });
  const headers = { "x-api-key": await house.issue() };
  const word = "Kirschgarten";
  const user = { role: "user", content: word };
  for (const [path, body] of [
    ["/v1/messages", message({ messages: [user], [word]: 1 })],
    ["/v1/messages", message({ messages: [{ role: word, content: "hi" }] })],
    ["/v1/messages", message({ messages: [{ role: "user", content: [{ type: word }] }] })],
    ["/v1/messages", message({ messages: [user], model: word })],
    ["/v1/messages", message({ messages: [user], model: "local-chat" })],
    [`/v1/${word}/sk-${word}?${word}=${word}`, {}],
    [`/v1/models/${word}`, {}],
  ] as const) {
    const { status } = await house.post(path, body, headers);
    assert.ok(status >= 400, `${path} ${status}`);
  }
  assert.ok(house.logged.filter(({ event }) => event === "refused").length >= 6);
  assert.doesNotMatch(JSON.stringify(house.logged), new RegExp(word, "i"));
});
