// Who else pays: a budget of its own for one model, and the organisation of a key or of its team.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parse, stringify } from "yaml";
import { gatewayFixture } from "./gateway-fixture.ts";
import { loadConfig } from "./load-config.ts";
import type { Scripted } from "./scripted-answers.ts";

const asked = { model: "claude-hosted", max_tokens: 1000, messages: [{ role: "user", content: "hi" }] };

/** $3 and $15 a million: 12 tokens in, 7 out. */
const COST = (12 * 3 + 7 * 15) / 1_000_000;

describe("a budget of a key for one model", () => {
  it("is spent by that model only, and stops that model only", async (t) => {
    const house = await gatewayFixture(t);
    const key = await house.issue({
      max_budget: 5,
      model_max_budget: { "claude-hosted": { budget_limit: 1, time_period: "1mo" } },
    });
    const headers = { "x-api-key": key };
    await house.post("/v1/messages", asked, headers);
    await house.quiet();
    const info = async () => JSON.parse((await house.manage("GET", `/key/info?key=${key}`)).text).info;
    const before = await info();
    assert.deepEqual(before.model_max_budget, { "claude-hosted": { budget_limit: 1, time_period: "1mo" } });
    assert.deepEqual([before.spend, before.model_spend], [COST, { "claude-hosted": COST }]);
    await house.manage("POST", "/key/update", { key, model_max_budget: { "claude-hosted": { budget_limit: 0.0001 } } });
    const refused = await house.post("/v1/messages", asked, headers);
    assert.equal(refused.status, 429);
    assert.match(refused.text, /the budget of this key for claude-hosted is spent: \$0\.000141 of \$0\.0001"/);
    assert.equal((await house.post("/v1/messages", { ...asked, model: "local-chat" }, headers)).status, 200);
    await house.manage("POST", "/key/update", { key, model_max_budget: {} });
    assert.equal((await house.post("/v1/messages", asked, headers)).status, 200);
  });

  it("survives a restart", async (t) => {
    const house = await gatewayFixture(t);
    const key = await house.issue({ model_max_budget: { "claude-hosted": { budget_limit: 0.0001 } } });
    await house.restart();
    assert.equal((await house.post("/v1/messages", asked, { "x-api-key": key })).status, 429);
  });
});

describe("an organisation", () => {
  it("pays for its own keys and for those of its teams, and stops both", async (t) => {
    const house = await gatewayFixture(t);
    await house.manage("POST", "/organization/new", { organization_id: "o1", max_budget: 5 });
    await house.manage("POST", "/team/new", { team_id: "t1", organization_id: "o1" });
    const keys = [await house.issue({ organization_id: "o1" }), await house.issue({ team_id: "t1" })];
    for (const key of keys) assert.equal((await house.post("/v1/messages", asked, { "x-api-key": key })).status, 200);
    await house.quiet();
    const info = JSON.parse((await house.manage("GET", "/organization/info?organization_id=o1")).text);
    assert.deepEqual([info.spend, info.keys.length], [2 * COST, 2]);
    await house.manage("POST", "/organization/update", { organization_id: "o1", max_budget: 0.0001 });
    for (const key of keys) {
      const refused = await house.post("/v1/messages", asked, { "x-api-key": key });
      assert.match(refused.text, /the budget of this organization is spent/);
    }
    await house.manage("POST", "/organization/update", { organization_id: "o1", max_budget: null, blocked: true });
    assert.equal((await house.post("/v1/messages", asked, { "x-api-key": keys[0] ?? "" })).status, 401);
  });

  it("must exist before it is named, and stays while a team belongs to it", async (t) => {
    const house = await gatewayFixture(t);
    assert.match((await house.manage("POST", "/key/generate", { organization_id: "o1" })).text, /no organisation o1/);
    assert.match((await house.manage("POST", "/team/new", { organization_id: "o1" })).text, /no such organization/);
    await house.manage("POST", "/organization/new", { organization_id: "o1" });
    await house.manage("POST", "/team/new", { team_id: "t1", organization_id: "o1" });
    const remove = async () => await house.manage("POST", "/organization/delete", { organization_ids: ["o1"] });
    assert.match((await remove()).text, /team t1 still belongs to o1/);
    await house.manage("POST", "/team/delete", { team_ids: ["t1"] });
    assert.equal((await remove()).text, '{"deleted_organizations":["o1"]}');
  });
});

it("output is lowered to what a budget holds for a chat that is passed on as well", async (t) => {
  const chat = { choices: [], usage: { prompt_tokens: 12, completion_tokens: 7 } };
  const script = (): Scripted => ({ headers: { "content-type": "application/json" }, parts: [JSON.stringify(chat)] });
  const house = await gatewayFixture(t, { script });
  const prices = join(house.folder, "prices.yaml");
  const price = { input: 1, cacheWrite5m: 1, cacheWrite1h: 1, cacheRead: 1, output: 10 };
  writeFileSync(prices, stringify({ format: 1, source: "a test", date: "2026-01-01", models: { gpt: price } }));
  const config = parse(house.configText());
  const gpt = { ...config.routes["local-chat"], model: "gpt", residency: "global" };
  writeFileSync(house.configFile, stringify({ ...config, prices, routes: { gpt } }));
  house.gateway().reload(loadConfig(house.configFile));
  const key = await house.issue({ max_budget: 0.06 });
  const ask = async (more: object) =>
    await house.post("/v1/chat/completions", { model: "gpt", messages: [], ...more }, { "x-api-key": key });
  assert.equal((await ask({ max_tokens: 32_000 })).status, 200);
  const sent = JSON.parse(house.worker.seen.at(-1)?.body ?? "{}");
  assert.equal(sent.max_tokens, undefined);
  assert.ok(sent.max_completion_tokens >= 4096 && sent.max_completion_tokens < 6000, sent.max_completion_tokens);
});
