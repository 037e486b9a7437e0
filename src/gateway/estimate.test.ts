import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { parse, stringify } from "yaml";
import { estimateTokens } from "./estimate.ts";
import { gatewayFixture } from "./gateway-fixture.ts";
import { loadConfig } from "./load-config.ts";

const data = "A".repeat(600_000);
const image = { type: "image", source: { type: "base64", media_type: "image/png", data } };
const linked = { type: "image_url", image_url: { url: `data:image/png;base64,${data}` } };

function sized(content: unknown): number {
  const body = { messages: [{ role: "user", content }] };
  return estimateTokens(body, JSON.stringify(body).length);
}

describe("the estimate of a request's tokens", () => {
  for (const [what, block, images] of [
    ["an image", image, 1],
    ["an image of a chat", linked, 1],
    ["a PDF", { ...image, type: "document" }, 1],
    ["images in a tool result", { type: "tool_result", tool_use_id: "t", content: [image, image] }, 2],
    ["an image in a document", { type: "document", source: { type: "content", content: [image] } }, 1],
  ] as const) {
    it(`counts ${what} by its number, not by its characters`, () => {
      const tokens = sized([{ type: "text", text: "what is it?" }, block]);
      assert.ok(tokens > images * 1600 && tokens < images * 1600 + 200, String(tokens));
    });
  }

  it("counts what only looks like an image as the text that it is", () => {
    assert.ok(sized([{ type: "text", text: `data:image/png;base64,${data}` }]) > 170_000);
    assert.ok(sized([{ type: "tool_use", id: "t", name: "draw", input: { type: "image", source: data } }]) > 170_000);
  });

  it("takes any nesting", () => {
    const depth = 100_000;
    const nested = JSON.parse(`${'[{"type":"tool_result","content":'.repeat(depth)}[]${"}]".repeat(depth)}`);
    assert.equal(estimateTokens({ messages: nested }, 350), 100);
  });
});

async function worker(t: TestContext) {
  const house = await gatewayFixture(t);
  const config = parse(house.configText());
  config.routes["local-chat"].worker = { images: true, contextTokens: 131_072 };
  writeFileSync(house.configFile, stringify(config));
  house.gateway().reload(loadConfig(house.configFile));
  const key = await house.issue();
  const ask = async (content: unknown) =>
    await house.post(
      "/v1/messages",
      { model: "local-chat", max_tokens: 32_000, messages: [{ role: "user", content }] },
      { "x-api-key": key },
    );
  return { ask, sent: () => house.worker.seen.map(({ body }) => JSON.parse(body).max_tokens) };
}

describe("a worker with a context of 131,072 tokens", () => {
  it("is asked for all that was asked for beside a large image", async (t) => {
    const { ask, sent } = await worker(t);
    assert.equal((await ask([image])).status, 200);
    assert.deepEqual(sent(), [32_000]);
  });

  it("is asked for what is left beside a long prompt", async (t) => {
    const { ask, sent } = await worker(t);
    assert.equal((await ask("x".repeat(420_000))).status, 200);
    const [tokens] = sent();
    assert.ok(tokens > 10_000 && tokens < 12_000, tokens);
  });

  it("is not asked at all with a prompt that does not fit alone", async (t) => {
    const { ask, sent } = await worker(t);
    const answer = await ask("x".repeat(600_000));
    assert.equal(answer.status, 400);
    const { type, message } = JSON.parse(answer.text).error;
    assert.deepEqual([type, message], ["invalid_request_error", "capability_rejected: prompt_too_long"]);
    assert.deepEqual(sent(), []);
  });
});
