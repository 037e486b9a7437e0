import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parse, stringify } from "yaml";
import { gatewayFixture } from "./gateway-fixture.ts";
import { startGateway } from "./gateway.ts";
import { loadConfig } from "./load-config.ts";

describe("a request of the upstream's own dialect", () => {
  for (const [path, headers] of [
    ["/v1/messages?beta=true", (key: string) => ({ "x-api-key": key, "anthropic-beta": "a-2026-01-01,b" })],
    ["/v1/chat/completions", (key: string) => ({ authorization: `Bearer ${key}` })],
  ] as const) {
    it(`reaches it with the gateway's key, never the client's: ${path}`, async (t) => {
      const house = await gatewayFixture(t);
      const key = await house.issue();
      const model = path.startsWith("/v1/messages") ? "claude-hosted" : "local-chat";
      const answer = await house.post(path, { model, max_tokens: 10, messages: [] }, headers(key));
      assert.equal(answer.status, 200);
      assert.match(answer.text, /stand-in, no model/);
      assert.match(answer.headers.get("x-demesne-stand-in") ?? "", /stand-in/);
      const [seen] = house.worker.seen;
      const sent = JSON.stringify(seen);
      assert.ok(sent.includes(house.upstreamKey), "the upstream's key is there");
      assert.ok(!sent.includes(key), "the client's is not");
      assert.ok(!answer.text.includes(house.upstreamKey));
      assert.equal(seen?.headers["anthropic-beta"], model === "claude-hosted" ? "a-2026-01-01,b" : undefined);
    });
  }

  it("streams, and passes the bytes as they are", async (t) => {
    const house = await gatewayFixture(t);
    const key = await house.issue();
    const body = { model: "claude-hosted", max_tokens: 10, messages: [], stream: true };
    const answer = await house.post("/v1/messages", body, { "x-api-key": key });
    assert.equal(answer.headers.get("content-type"), "text/event-stream");
    assert.match(answer.text, /^event: message_start\n/);
    assert.match(answer.text, /event: message_stop\ndata: .*\n\n$/);
  });

  it("counts tokens at the upstream", async (t) => {
    const house = await gatewayFixture(t);
    const key = await house.issue();
    const answer = await house.post(
      "/v1/messages/count_tokens",
      { model: "claude-hosted", messages: [] },
      { "x-api-key": key },
    );
    assert.ok(JSON.parse(answer.text).input_tokens > 0);
  });
});

describe("a virtual key", () => {
  it("is refused in the dialect's shape when missing or wrong", async (t) => {
    const house = await gatewayFixture(t);
    const anthropic = await house.post("/v1/messages", { model: "claude-hosted" }, { "x-api-key": "sk-wrong" });
    assert.equal(anthropic.status, 401);
    assert.equal(anthropic.headers.get("x-should-retry"), "false");
    const { request_id: requestId, ...told } = JSON.parse(anthropic.text);
    assert.match(requestId, /^req_/);
    assert.deepEqual(told, { type: "error", error: { type: "authentication_error", message: "unknown virtual key" } });
    const openai = await house.post("/v1/chat/completions", { model: "local-chat" }, {});
    assert.equal(openai.status, 401);
    assert.equal(JSON.parse(openai.text).error.code, "401");
    assert.equal(house.worker.seen.length, 0);
  });

  it("is dead at once when blocked or deleted, and lives again when unblocked", async (t) => {
    const house = await gatewayFixture(t);
    const key = await house.issue();
    const ask = async (): Promise<number> => (await house.get("/v1/models", { "x-api-key": key })).status;
    assert.equal(await ask(), 200);
    await house.manage("POST", "/key/block", { key });
    assert.equal(await ask(), 401);
    await house.manage("POST", "/key/unblock", { key });
    assert.equal(await ask(), 200);
    await house.manage("POST", "/key/delete", { keys: [key] });
    assert.equal(await ask(), 401);
  });

  it("is stored as a hash only, and survives a restart", async (t) => {
    const house = await gatewayFixture(t);
    const key = await house.issue();
    assert.ok(!house.stateBytes().includes(key.slice(3)), "the clear key is on disk");
    await house.restart();
    assert.equal((await house.get("/v1/models", { "x-api-key": key })).status, 200);
  });

  it("sees and uses only the models it was issued for", async (t) => {
    const house = await gatewayFixture(t);
    const key = await house.issue({ models: ["local-chat"] });
    const list = await house.get("/v1/models", { "x-api-key": key });
    assert.deepEqual(
      JSON.parse(list.text).data.map((model: { id: string }) => model.id),
      ["local-chat"],
    );
    const answer = await house.post("/v1/messages", { model: "claude-hosted", messages: [] }, { "x-api-key": key });
    assert.equal(answer.status, 404);
  });
});

describe("the management API", () => {
  it("is not on the model port, and wants the master key on its own", async (t) => {
    const house = await gatewayFixture(t);
    assert.equal((await house.post("/key/generate", {}, { authorization: `Bearer ${house.masterKey()}` })).status, 404);
    assert.equal((await house.manage("POST", "/key/generate", {}, "sk-wrong")).status, 401);
  });

  it("limits a key to parts of the API", async (t) => {
    const house = await gatewayFixture(t);
    const headers = { "x-api-key": await house.issue({ allowed_routes: ["/v1/messages"] }) };
    const asked = { model: "local-chat", max_tokens: 10, messages: [{ role: "user", content: "hi" }] };
    assert.equal((await house.post("/v1/messages", asked, headers)).status, 200);
    const refused = await house.post("/v1/chat/completions", asked, headers);
    assert.deepEqual([refused.status, refused.headers.get("x-should-retry")], [403, "false"]);
    assert.match(refused.text, /not for \/v1\/chat\/completions/);
  });

  it("refuses a field it does not know by name", async (t) => {
    const house = await gatewayFixture(t);
    const answer = await house.manage("POST", "/key/generate", { guardrails: ["x"] });
    assert.equal(answer.status, 400);
    assert.match(answer.text, /guardrails/);
  });
});

describe("a start that fails", () => {
  it("leaves nothing open: the next one finds folder and socket free", async (t) => {
    const house = await gatewayFixture(t);
    const taken = createServer();
    await new Promise<void>((resolve) => void taken.listen(0, "127.0.0.1", resolve));
    t.after(() => taken.close());
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const text = house.configText();
    for (const wrong of [{ listen: `127.0.0.1:${port}` }, { metrics: `127.0.0.1:${port}` }]) {
      writeFileSync(house.configFile, stringify({ ...parse(text), ...wrong }));
      await assert.rejects(house.restart(), { name: "Problem", what: "cannot be listened on (EADDRINUSE)" });
      assert.ok(!existsSync(join(house.folder, "management.sock")));
      writeFileSync(house.configFile, text);
      await house.restart();
      assert.equal((await house.get("/health/readiness", {})).status, 200);
    }
  });
});

it("a second gateway on one folder is told who has it", async (t) => {
  const house = await gatewayFixture(t);
  const effects = {
    clock: { now: () => Date.now() },
    random: { bytes: (size: number) => Buffer.alloc(size) },
    log: () => {},
  };
  const second = startGateway(effects, loadConfig(house.configFile));
  await assert.rejects(second, { name: "Problem", what: "another gateway is running on this folder" });
  assert.equal((await house.get("/health/readiness", {})).status, 200);
});

describe("health", () => {
  it("answers without a key", async (t) => {
    const house = await gatewayFixture(t);
    assert.equal((await house.get("/health/liveliness", {})).text, "I'm alive!");
    assert.equal(JSON.parse((await house.get("/health/readiness", {})).text).status, "healthy");
  });
});
