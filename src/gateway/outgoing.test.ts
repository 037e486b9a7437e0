// What of a request reaches an upstream, seen at the upstream: tools that come late, one limit of output, no device id, no guard.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { it } from "node:test";
import { parse, stringify } from "yaml";
import { gatewayFixture } from "./gateway-fixture.ts";

const tools = [{ name: "f", input_schema: { type: "object" } }];
const user = { role: "user", content: "hi" };

it("a tool that came late is told of by its name to a hosted model, and brings nothing with it", async (t) => {
  const house = await gatewayFixture(t);
  const headers = { "x-api-key": await house.issue() };
  const ask = async (block: object) => {
    const messages = [user, { role: "assistant", content: "yes" }, { role: "system", content: [block] }, user];
    return await house.post("/v1/messages", { model: "claude-hosted", max_tokens: 9, messages, tools }, headers);
  };
  const reference = { type: "tool_reference", name: "f" };
  for (const type of ["tool_addition", "tool_removal"]) {
    const block = { type, tool: reference };
    assert.equal((await ask(block)).status, 200);
    assert.deepEqual(JSON.parse(house.worker.seen.at(-1)?.body ?? "").messages[2].content, [block]);
    for (const wrong of [
      { type, tool: { type: "tool_definition", definition: { type: "web_search_20250305", name: "web_search" } } },
      { type, tool: { ...reference, server_name: "evil" } },
      { type, tool: reference, url: "http://198.18.0.1/" },
      { type },
    ]) {
      const answer = await ask(wrong);
      assert.deepEqual([answer.status, JSON.parse(answer.text).error.type], [400, "policy_blocked"]);
    }
  }
});

it("of two names for the most output only the one that is priced reaches a hosted upstream", async (t) => {
  const house = await gatewayFixture(t);
  const upstream = new URL(`http://127.0.0.1:${portOf(house.worker.server.address())}`).origin;
  const config = parse(house.configText());
  const { keyFile } = config.routes["claude-hosted"];
  config.routes.gpt = { upstream, dialect: "openai", keyFile, model: "claude-sonnet-4-6", residency: "global" };
  writeFileSync(house.configFile, stringify(config));
  await house.restart();
  const headers = { "x-api-key": await house.issue() };
  const body = { model: "gpt", messages: [user], max_tokens: 100_000, max_completion_tokens: 10, user: "a-device" };
  assert.equal((await house.post("/v1/chat/completions", body, headers)).status, 200);
  const sent = JSON.parse(house.worker.seen.at(-1)?.body ?? "");
  assert.deepEqual([sent.max_tokens, sent.max_completion_tokens], [undefined, 10]);
  // And whoever asked has the key's name there, not a device's.
  assert.match(sent.user, /^[0-9a-f]{32}$/);
});

function portOf(address: unknown): number {
  return typeof address === "object" && address !== null && "port" in address ? Number(address.port) : 0;
}

it("a guard that no worker runs is refused by its name, so that Claude Code does without", async (t) => {
  const house = await gatewayFixture(t);
  const body = { model: "local-chat", max_tokens: 9, messages: [user], safeguards: {} };
  const answer = await house.post("/v1/messages", body, { "x-api-key": await house.issue() });
  assert.equal(answer.status, 400);
  assert.match(answer.text, /safeguards: not supported/);
});
