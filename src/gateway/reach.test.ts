// A local worker is asked for nothing beyond itself either: seen at the worker, which must not see these requests at all.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { it, type TestContext } from "node:test";
import { parse, stringify } from "yaml";
import { gatewayFixture } from "./gateway-fixture.ts";

const ELSEWHERE = "http://198.18.0.1/x.png";
const PIXEL = "data:image/png;base64,iVBORw0KGgo=";
const user = { role: "user", content: "hi" };

/** Beside the standard routes: a worker that speaks Messages itself, and a hosted chat model. */
async function house(t: TestContext) {
  const made = await gatewayFixture(t);
  const config = parse(made.configText());
  const { upstream, keyFile } = config.routes["claude-hosted"];
  config.routes["local-messages"] = { upstream, dialect: "anthropic", keyFile, residency: "local" };
  const hosted = { upstream, dialect: "openai", keyFile, model: "claude-sonnet-4-6", residency: "global" };
  config.routes["hosted-chat"] = { ...hosted, worker: { thinking: "template" } };
  config.routes["older-chat"] = { ...hosted, worker: { outputField: "max_tokens" } };
  writeFileSync(made.configFile, stringify(config));
  await made.restart();
  const headers = { "x-api-key": await made.issue() };
  const ask = async (path: string, body: object) => {
    const answer = await made.post(path, { max_tokens: 9, messages: [user], ...body }, headers);
    return { ...answer, error: answer.status === 200 ? undefined : JSON.parse(answer.text).error };
  };
  const last = () => JSON.parse(made.worker.seen.at(-1)?.body ?? "{}");
  return { ...made, ask, last };
}

function said(...content: object[]): object {
  return { messages: [{ role: "user", content }] };
}

it("what would act outside the gateway does not reach a local worker either", async (t) => {
  const { ask, worker } = await house(t);
  const messages: [string, object][] = [
    ["mcp_servers", { mcp_servers: [{ type: "url", url: ELSEWHERE }] }],
    ["container", { container: "c1" }],
    ["tools/0", { tools: [{ type: "web_search_20250305", name: "web_search" }] }],
    ["messages/0/content/0/source", said({ type: "image", source: { type: "url", url: ELSEWHERE } })],
    ["messages/0/content/0/source", said({ type: "document", source: { type: "file", file_id: "f1" } })],
    ["messages/0/content/0/file_id", said({ type: "container_upload", file_id: "f1" })],
    [
      "messages/0/content/0/content/0/source",
      said({ type: "tool_result", content: [{ type: "image", source: { type: "url", url: ELSEWHERE } }] }),
    ],
  ];
  const chat: [string, object][] = [
    ["kv_transfer_params", { kv_transfer_params: { remote_host: "198.18.0.1" } }],
    ["web_search_options", { web_search_options: {} }],
    ["tools/0", { tools: [{ type: "mcp", server_url: ELSEWHERE }] }],
    ["messages/0/content/0/image_url", said({ type: "image_url", image_url: { url: ELSEWHERE } })],
    ["messages/0/content/0/image_url", said({ image_url: ELSEWHERE })],
    ["messages/0/content/0/video_url", said({ type: "video_url", video_url: { url: "file:///etc/passwd" } })],
    ["messages/0/content/0/image", said({ type: "image", image: "/etc/hostname.png" })],
    ["messages/0/content/0/input_audio", said({ type: "input_audio", input_audio: { url: ELSEWHERE } })],
    ["messages/0/content/0/source", said({ type: "document", source: { type: "image", source: { url: ELSEWHERE } } })],
    ["messages/0/content/0/file/file_id", said({ type: "file", file: { file_id: "f1" } })],
  ];
  const routes: [string, string, [string, object][]][] = [
    ["/v1/messages", "local-chat", messages],
    ["/v1/messages", "local-messages", messages],
    ["/v1/chat/completions", "local-chat", chat],
    ["/v1/chat/completions", "local-messages", chat],
  ];
  for (const [path, model, wrong] of routes) {
    for (const [at, body] of wrong) {
      const { status, error } = await ask(path, { model, ...body });
      assert.deepEqual([status, error.type, error.message.split(":")[0]], [400, "policy_blocked", at]);
    }
  }
  assert.deepEqual(worker.seen, []);
});

it("what is inline, and what the client runs itself, does reach it", async (t) => {
  const { ask } = await house(t);
  const inline = { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } };
  const tools = [{ type: "bash_20250124", name: "bash" }];
  assert.equal((await ask("/v1/messages", { model: "local-messages", tools, ...said(inline) })).status, 200);
  const parts = said({ type: "image_url", image_url: { url: PIXEL } });
  assert.equal((await ask("/v1/chat/completions", { model: "local-chat", mcp_servers: [], ...parts })).status, 200);
});

it("embeddings are of texts and tokens, and nothing is fetched for them", async (t) => {
  const { ask, worker } = await house(t);
  for (const input of [
    { image: ELSEWHERE },
    [{ image: ELSEWHERE }],
    ["a", { type: "image_url", image_url: ELSEWHERE }],
  ]) {
    const { status, error } = await ask("/v1/embeddings", { model: "local-chat", input });
    assert.deepEqual([status, error.type], [400, "policy_blocked"]);
  }
  assert.deepEqual(worker.seen, []);
  for (const input of ["a", ["a", "b"], [1, 2], [[1, 2], [3]]]) {
    assert.equal((await ask("/v1/embeddings", { model: "local-chat", input })).status, 200);
  }
});

it("a place that is null is one that is not named", async (t) => {
  const made = await house(t);
  const config = parse(made.configText());
  config.routes["claude-hosted"].residency = "us";
  writeFileSync(made.configFile, stringify(config));
  await made.restart();
  for (const inference_geo of [undefined, null]) {
    assert.equal((await made.ask("/v1/messages", { model: "claude-hosted", inference_geo })).status, 200);
    assert.equal(made.last().inference_geo, "us");
  }
});

it("a Messages request for a hosted chat model is looked at before it is translated", async (t) => {
  const { ask, last, worker } = await house(t);
  const model = "hosted-chat";
  for (const field of ["mcp_servers", "fallbacks"]) {
    assert.match((await ask("/v1/messages", { model, [field]: [] })).error.message, /not let through to a hosted/);
  }
  assert.deepEqual(worker.seen, []);
  // And what its own translation wrote is no reason to refuse it.
  const thinking = { type: "enabled", budget_tokens: 5 };
  const answer = await ask("/v1/messages", { model, thinking, top_k: 3, temperature: null });
  assert.deepEqual([answer.status, answer.headers.get("x-demesne-left-out")], [200, "top_k"]);
  const { messages: _, model: __, ...sent } = last();
  assert.deepEqual(sent, { max_completion_tokens: 9, chat_template_kwargs: { enable_thinking: true } });
});

it("the most output is named as the route's model reads it, whichever way the client said it", async (t) => {
  const { ask, last } = await house(t);
  const named = async (path: string, model: string, body: object) => {
    assert.equal((await ask(path, { model, ...body })).status, 200);
    const { max_tokens: older, max_completion_tokens: newer } = last();
    return [older, newer];
  };
  const newer = { max_tokens: undefined, max_completion_tokens: 7 };
  assert.deepEqual(await named("/v1/messages", "hosted-chat", {}), [undefined, 9]);
  assert.deepEqual(await named("/v1/chat/completions", "hosted-chat", {}), [undefined, 9]);
  assert.deepEqual(await named("/v1/chat/completions", "older-chat", newer), [7, undefined]);
  assert.deepEqual(await named("/v1/messages", "local-chat", {}), [9, undefined]);
  assert.deepEqual(await named("/v1/chat/completions", "local-chat", newer), [7, undefined]);
});

it("a field that is null is one that is not there; what no hosted chat model should keep stays here", async (t) => {
  const { ask, last } = await house(t);
  const nothing = { n: null, service_tier: null, tools: null, max_completion_tokens: null };
  const habit = { store: false, metadata: { user: "Jane Doe" } };
  const answer = await ask("/v1/chat/completions", { model: "hosted-chat", ...nothing, ...habit });
  assert.deepEqual([answer.status, answer.headers.get("x-demesne-left-out")], [200, "metadata"]);
  assert.deepEqual([last().metadata, last().store], [undefined, undefined]);
  const kept = await ask("/v1/chat/completions", { model: "hosted-chat", store: true });
  assert.deepEqual([kept.status, kept.error.type], [400, "policy_blocked"]);
  const odd = await ask("/v1/chat/completions", { model: "hosted-chat", max_tokens: "5" });
  assert.deepEqual([odd.status, odd.error.message], [400, "max_tokens: should be a whole number above 0"]);
});
