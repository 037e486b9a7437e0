// What bad input, bad upstreams and bad clients get: the right dialect's error, no charge that is wrong, no crash.
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import * as fc from "fast-check";
import { parse, stringify } from "yaml";
import { openLedger } from "../ledger/index.ts";
import { gatewayFixture, type FixtureOptions } from "./gateway-fixture.ts";
import { loadConfig } from "./load-config.ts";
import type { Scripted } from "./scripted-answers.ts";

const asked = { model: "claude-hosted", max_tokens: 100, messages: [{ role: "user", content: "hi" }] };

async function withKey(t: TestContext, options: FixtureOptions = {}) {
  const house = await gatewayFixture(t, options);
  const key = await house.issue({ max_budget: 1 });
  const ask = async (body: object | string = asked, path = "/v1/messages") =>
    await house.post(path, body, { "x-api-key": key });
  const spend = async (): Promise<number> => {
    await house.quiet();
    return JSON.parse((await house.manage("GET", `/key/info?key=${key}`)).text).info.spend;
  };
  return { house, key, ask, spend };
}

const limits = (more: object) => ({ config: { limits: { drainMs: 200, ...more } } });

describe("a body that is", () => {
  const invalid = Buffer.from('{"model":"\xff"}', "latin1");
  for (const [what, body, kind] of [
    ["broken JSON", '{"model":', "invalid_request_error"],
    ["no object", "[1]", "invalid_request_error"],
    ["invalid UTF-8", invalid, "invalid_request_error"],
    ["empty", "", "invalid_request_error"],
    ["without a model", "{}", "invalid_request_error"],
    ["for an unknown model", { model: "gpt-99" }, "not_found_error"],
    ["without max_tokens", { ...asked, max_tokens: "many" }, "invalid_request_error"],
    ["holding an unknown field", { ...asked, wormhole: 1 }, "policy_blocked"],
    [
      "holding content that is no list",
      { ...asked, messages: [{ role: "user", content: { type: "image", source: { type: "url", url: "http://x" } } }] },
      "invalid_request_error",
    ],
    [
      "hiding blocks in a text",
      { ...asked, messages: [{ role: "user", content: [{ type: "text", text: "a", content: [{ type: "image" }] }] }] },
      "policy_blocked",
    ],
    ["holding MCP servers", { ...asked, mcp_servers: [] }, "policy_blocked"],
    ["asking for a container", { ...asked, container: "c" }, "policy_blocked"],
    ["asking for fast mode", { ...asked, speed: "fast" }, "policy_blocked"],
    [
      "asking for compaction",
      { ...asked, context_management: { edits: [{ type: "compact_20260112" }] } },
      "policy_blocked",
    ],
    [
      "holding a web search",
      { ...asked, tools: [{ type: "web_search_20250305", name: "web_search" }] },
      "policy_blocked",
    ],
    [
      "holding an image by URL",
      withBlock({ type: "image", source: { type: "url", url: "https://x.test/" } }),
      "policy_blocked",
    ],
    ["holding a file", withBlock({ type: "document", source: { type: "file", file_id: "f" } }), "policy_blocked"],
    ["holding an unknown block", withBlock({ type: "hologram" }), "policy_blocked"],
    [
      "hiding a URL in a tool result",
      withBlock({ type: "tool_result", tool_use_id: "t", content: [{ type: "image", source: { type: "url" } }] }),
      "policy_blocked",
    ],
    [
      "hiding an image by URL in what a tool search found",
      withBlock(toolSearch([{ type: "image", source: { type: "url", url: "https://x.test/" } }])),
      "policy_blocked",
    ],
    [
      "hiding a file in place of what a tool search found",
      withBlock(toolSearch({ type: "document", source: { type: "file", file_id: "f" } })),
      "policy_blocked",
    ],
    [
      "hiding an image among the tools that a search found",
      withBlock(toolSearch({ type: "tool_search_tool_search_result", tool_references: [{ type: "image" }] })),
      "policy_blocked",
    ],
    [
      "hiding an image in a tool that a search found",
      withBlock(toolSearch([{ type: "tool_reference", tool_name: "ls", content: [{ type: "image" }] }])),
      "policy_blocked",
    ],
    [
      "hiding a source beside what a tool search found",
      withBlock({ ...toolSearch([]), source: { type: "url", url: "https://x.test/" } }),
      "policy_blocked",
    ],
    [
      "hiding blocks in an image",
      withBlock({ type: "image", source: { type: "base64", data: "AAAA" }, content: [{ type: "image" }] }),
      "policy_blocked",
    ],
    [
      "hiding a URL in a search result's source",
      withBlock({ type: "search_result", source: { type: "url", url: "https://x.test/" }, title: "t", content: [] }),
      "policy_blocked",
    ],
  ] as const) {
    it(`${what} is refused once, in both dialects, and audited`, async (t) => {
      const { house, ask, spend } = await withKey(t);
      const answer = await ask(body);
      assert.equal(JSON.parse(answer.text).error.type, kind);
      assert.equal(answer.headers.get("x-should-retry"), kind === "policy_blocked" ? "false" : null);
      if (kind === "invalid_request_error" && body !== "{}" && typeof body !== "object") {
        const chat = await ask(body, "/v1/chat/completions");
        assert.deepEqual([chat.status, JSON.parse(chat.text).error.code], [400, "400"]);
      }
      assert.deepEqual([await spend(), house.worker.seen.length], [0, 0]);
      await house.gateway().stop();
      const records = await Array.fromAsync(openLedger(join(house.folder, "state/ledger")).read());
      assert.ok(records.some(({ record }) => record.kind === "gateway.refused" && record["why"] === kind));
    });
  }

  it("too large is refused, whether it says so first or not", async (t) => {
    const { house, key, ask } = await withKey(t, limits({ bodyBytes: 2048 }));
    const large = JSON.stringify({ ...asked, system: "x".repeat(3000) });
    assert.equal((await ask(large)).status, 413);
    const chunked = await fetch(`${house.base()}/v1/messages`, {
      method: "POST",
      headers: { "x-api-key": key },
      body: new Blob([large]).stream(),
      duplex: "half",
    });
    assert.equal(chunked.status, 413);
    assert.equal((await ask()).status, 200);
  });

  it("one too many in flight is told to come back, and its bytes are given back", async (t) => {
    const { ask } = await withKey(t, limits({ bodyBytes: 4096, bodiesBytes: 2048 }));
    const answer = await ask({ ...asked, system: "x".repeat(3000) });
    assert.deepEqual([answer.status, answer.headers.get("retry-after")], [529, "2"]);
    assert.equal((await ask()).status, 200);
  });

  it("never finished is given up", async (t) => {
    const { house, key } = await withKey(t, limits({ bodyMs: 50 }));
    const socket = connect(house.gateway().address.port, "127.0.0.1");
    socket.write(`POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\ncontent-length: 100\r\n\r\n{`);
    const [first] = await once(socket, "data");
    assert.match(String(first), /^HTTP\/1.1 504 .*"timeout_error"/s);
    socket.destroy();
  });
});

function withBlock(block: object): object {
  return { ...asked, messages: [{ role: "user", content: [block] }] };
}

function toolSearch(content: unknown): object {
  return { type: "tool_search_tool_result", tool_use_id: "s", content };
}

it("what a tool search really answers with goes back to a hosted model as it is", async (t) => {
  const { house, ask } = await withKey(t);
  const found = [{ type: "tool_reference", tool_name: "ls" }];
  for (const content of [
    { type: "tool_search_tool_search_result", tool_references: found },
    { type: "tool_search_tool_result_error", error_code: "unavailable", error_message: null },
    found,
  ]) {
    assert.equal((await ask(withBlock(toolSearch(content)))).status, 200);
    assert.deepEqual(JSON.parse(house.worker.seen.at(-1)?.body ?? "").messages[0].content[0].content, content);
  }
});

describe("a chat request that is translated for a hosted model", () => {
  for (const more of [
    { wormhole: 1 },
    { web_search_options: {} },
    { logprobs: true },
    { functions: [] },
    { store: true },
    { tools: [{ type: "web_search" }] },
    { tools: [{ type: "custom", custom: { name: "ls" } }] },
  ]) {
    it(`is refused with ${JSON.stringify(more)}, which would be gone without a word`, async (t) => {
      const { house, ask, spend } = await withKey(t);
      const answer = await ask({ ...asked, ...more }, "/v1/chat/completions");
      assert.deepEqual([answer.status, answer.headers.get("x-should-retry")], [400, "false"]);
      assert.equal(JSON.parse(answer.text).error.type, "policy_blocked");
      assert.match(answer.text, new RegExp(`"message":"${Object.keys(more)[0]}: `));
      assert.deepEqual([await spend(), house.worker.seen.length], [0, 0]);
    });
  }

  it("may label itself and ask that nothing be stored: neither leaves", async (t) => {
    const { house, ask } = await withKey(t);
    const habits = { metadata: { chat: "7" }, store: false, tools: null, user: "u" };
    assert.equal((await ask({ ...asked, ...habits }, "/v1/chat/completions")).status, 200);
    assert.doesNotMatch(house.worker.seen[0]?.body ?? "", /metadata|store|"7"/);
  });

  it("may hold anything on the way to a local worker, whatever its dialect", async (t) => {
    const { house, ask } = await withKey(t);
    const config = parse(house.configText());
    config.routes["claude-local"] = { ...config.routes["claude-hosted"], residency: "local" };
    writeFileSync(house.configFile, stringify(config));
    house.gateway().reload(loadConfig(house.configFile));
    for (const model of ["local-chat", "claude-local"]) {
      assert.equal((await ask({ ...asked, model, wormhole: 1, logprobs: true }, "/v1/chat/completions")).status, 200);
    }
  });
});

function answers(text: string, type = "application/json", more: Partial<Scripted> = {}): FixtureOptions {
  return { script: () => ({ headers: { "content-type": type }, parts: text === "" ? [] : [text], ...more }) };
}

describe("an upstream that", () => {
  it("answers HTML becomes an API error of the dialect", async (t) => {
    const { ask } = await withKey(t, answers("<html>bad gateway</html>", "text/html", { status: 502 }));
    const answer = await ask();
    assert.deepEqual([answer.status, JSON.parse(answer.text).error.type], [502, "api_error"]);
  });

  it("refuses the gateway's key does not look like a wrong key of the client's", async (t) => {
    const { ask } = await withKey(t, answers('{"error":{"message":"invalid x-api-key"}}', undefined, { status: 401 }));
    const answer = await ask();
    assert.deepEqual([answer.status, answer.headers.get("x-should-retry")], [502, "false"]);
    assert.ok(!answer.text.includes("invalid x-api-key"));
  });

  it("says nothing is given up in time, and costs what was reserved", async (t) => {
    const { ask, spend } = await withKey(t, {
      script: () => ({ parts: [], isMute: true }),
      ...limits({ firstByteMs: 100 }),
    });
    assert.equal((await ask()).status, 504);
    assert.ok((await spend()) > 0);
  });

  it("cannot be reached is told as overloaded and costs nothing", async (t) => {
    const { house, ask, spend } = await withKey(t);
    house.worker.server.closeAllConnections();
    await new Promise((resolve) => house.worker.server.close(resolve));
    assert.equal((await ask()).status, 529);
    assert.equal(await spend(), 0);
  });

  it("dies in mid-stream ends in an error event, not in silence", async (t) => {
    const { ask } = await withKey(
      t,
      answers('event: ping\ndata: {"type":"ping"}\n\n', "text/event-stream", { end: "cut", gapMs: 20 }),
    );
    const answer = await ask({ ...asked, stream: true });
    assert.match(answer.text, /event: error\ndata: \{"type":"error","error":\{"type":"overloaded_error"/);
  });

  it("points elsewhere is not followed", async (t) => {
    const { ask } = await withKey(t, answers("{}", undefined, { status: 307 }));
    assert.equal((await ask()).status, 502);
  });

  it("keeps a chat client's or Claude Code's stream waiting is covered by pings", async (t) => {
    const chunk = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "late" }, finish_reason: "stop" }] })}\n\n`;
    const slow = {
      headers: { "content-type": "text/event-stream" },
      parts: [": \n\n", ": \n\n", ": \n\n", chunk],
      gapMs: 60,
    };
    const { ask } = await withKey(t, { script: () => slow, ...limits({ pingMs: 20 }) });
    const { text } = await ask({ ...asked, model: "local-chat", stream: true });
    assert.match(text, /^event: message_start\n.*\n\nevent: ping\ndata: \{"type":"ping"\}\n\n/);
    assert.match(text, /late[^]*message_stop/);
  });

  it("fails after its stream was begun for it ends in an error event", async (t) => {
    const failing = {
      ...answers('{"error":{"message":"boom"}}', undefined, { status: 500, headMs: 80 }),
      ...limits({ pingMs: 20 }),
    };
    const { ask } = await withKey(t, failing);
    const answer = await ask({ ...asked, model: "local-chat", stream: true });
    assert.equal(answer.status, 200);
    assert.match(answer.text, /event: ping[^]*event: error\ndata: .*"boom"/);
  });

  it("answers no JSON becomes an API error", async (t) => {
    for (const text of ["", "null", '{"half":', "[]"]) {
      const { ask } = await withKey(t, answers(text));
      assert.equal((await ask()).status, 502, text);
    }
  });
});

describe("the gateway's life", () => {
  it("takes new routes without dropping a stream, and keeps the old ones when the file is wrong", async (t) => {
    const { house, key, ask } = await withKey(t, {
      script: ({ body }) => (body.includes('"stream"') ? slowStream() : undefined),
    });
    const streaming = ask({ ...asked, stream: true });
    await house.busy();
    const config = parse(house.configText());
    config.routes["claude-new"] = config.routes["claude-hosted"];
    delete config.routes["claude-hosted"];
    writeFileSync(house.configFile, stringify(config));
    house.gateway().reload(loadConfig(house.configFile));
    assert.equal((await ask()).status, 404);
    assert.equal((await ask({ ...asked, model: "claude-new" })).status, 200);
    assert.match((await streaming).text, /message_stop/);
    writeFileSync(house.configFile, "format: 2");
    assert.throws(() => loadConfig(house.configFile), /gateway.yaml:1 format/);
    assert.equal((await house.get("/v1/models", { "x-api-key": key })).status, 200);
  });

  it("lets streams finish when it is told to stop", async (t) => {
    const { house, ask } = await withKey(t, { script: slowStream, ...limits({ drainMs: 60_000 }) });
    const streaming = ask({ ...asked, stream: true });
    await house.busy();
    await house.gateway().stop();
    assert.match((await streaming).text, /message_stop/);
  });

  it("counts without naming anybody", async (t) => {
    const port = 20_000 + (process.pid % 12_000);
    const { house, key, ask } = await withKey(t, { config: { metrics: `127.0.0.1:${port}` } });
    await ask();
    await house.quiet();
    await ask("[]");
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    assert.match(text, /^demesne_gateway_requests_total\{model="claude-hosted",outcome="answered"\} 1$/m);
    assert.match(text, /^demesne_gateway_spend_micro_usd_total\{model="claude-hosted"\} 141$/m);
    assert.match(text, /^demesne_gateway_refused_total\{kind="invalid_request_error"\} 1$/m);
    assert.match(text, /^demesne_gateway_request_seconds_count 1$/m);
    assert.ok(!text.includes(key.slice(-4)) && !text.includes(house.upstreamKey));
  });

  it("answers anything at all without a crash", async (t) => {
    const { house, ask } = await withKey(t);
    const json = fc.json({ maxDepth: 3 });
    const like = fc.record(
      {
        model: fc.constantFrom("claude-hosted", "local-chat"),
        max_tokens: fc.oneof(fc.integer(), fc.constant("x")),
        messages: fc.oneof(
          fc.jsonValue({ maxDepth: 2 }),
          fc.array(
            fc.record({
              role: fc.constantFrom("user", "assistant", "system", "tool"),
              content: fc.jsonValue({ maxDepth: 3 }),
            }),
          ),
        ),
        system: fc.jsonValue({ maxDepth: 2 }),
        tools: fc.jsonValue({ maxDepth: 2 }),
        tool_choice: fc.jsonValue({ maxDepth: 1 }),
        thinking: fc.jsonValue({ maxDepth: 1 }),
        stream: fc.boolean(),
      },
      { requiredKeys: ["model"], noNullPrototype: true },
    );
    const path = fc.constantFrom("/v1/messages", "/v1/chat/completions", "/v1/embeddings", "/v1/messages/count_tokens");
    await fc.assert(
      fc.asyncProperty(path, fc.oneof(json, like), async (where, body) => {
        const answer = await ask(body, where);
        assert.ok([200, 400, 404, 429, 501].includes(answer.status), `${answer.status} ${answer.text}`);
      }),
      { numRuns: 150 },
    );
    assert.ok(!house.logged.some((entry) => entry.event === "bug"));
  });
});

function slowStream(): Scripted {
  const events = ["message_start", "message_delta", "message_stop"].map(
    (type) => `event: ${type}\ndata: {"type":"${type}"}\n\n`,
  );
  return { headers: { "content-type": "text/event-stream" }, parts: events, gapMs: 50 };
}

it("a client that does not read is given up", async (t) => {
  const wide = `event: content_block_delta\ndata: ${JSON.stringify({ type: "x", text: "x".repeat(1_000_000) })}\n\n`;
  const script = () => ({
    headers: { "content-type": "text/event-stream" },
    parts: Array.from({ length: 40 }, () => wide),
  });
  const { house, key } = await withKey(t, { script, ...limits({ idleMs: 100 }) });
  const socket = connect(house.gateway().address.port, "127.0.0.1");
  const body = JSON.stringify({ ...asked, stream: true });
  socket.write(
    `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  socket.pause();
  await house.busy();
  await house.quiet();
  const refused = () => house.logged.some((entry) => entry.event === "refused" && entry.kind === "timeout_error");
  for (let tries = 0; !refused() && tries < 6000; tries += 1) await sleep(10);
  assert.ok(refused());
  socket.destroy();
});
