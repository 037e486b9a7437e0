// Budgets, audit and revocation through the whole gateway.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { parse, stringify } from "yaml";
import { openLedger } from "../ledger/index.ts";
import { gatewayFixture, type FixtureOptions } from "./gateway-fixture.ts";
import { loadConfig } from "./load-config.ts";
import { loadPrices } from "./price.ts";
import type { Scripted, Seen } from "./scripted-answers.ts";
import { printEvent } from "./wire/sse.ts";

type House = Awaited<ReturnType<typeof gatewayFixture>>;

const asked = { model: "claude-hosted", max_tokens: 1000, messages: [{ role: "user", content: "hi" }] };

async function withKey(t: TestContext, settings: object, options: FixtureOptions = {}) {
  const house = await gatewayFixture(t, options);
  const key = await house.issue(settings);
  const ask = async (more: object = {}) =>
    await house.post("/v1/messages", { ...asked, ...more }, { "x-api-key": key });
  return { house, key, ask };
}

async function spendOf(house: House, key: string): Promise<number> {
  await house.quiet();
  return JSON.parse((await house.manage("GET", `/key/info?key=${key}`)).text).info.spend;
}

/** $3 and $15 a million: 12 tokens in, 7 out. */
const COST = (12 * 3 + 7 * 15) / 1_000_000;

function dearAtFirst({ body }: Seen): Scripted {
  return message({ input_tokens: 12, output_tokens: body.includes("5500") ? 5300 : 7 });
}

function countsNineHundred({ path }: Seen): Scripted | undefined {
  if (!path.endsWith("count_tokens")) return undefined;
  return { headers: { "content-type": "application/json" }, parts: ['{"input_tokens":900}'] };
}

function hang(): Scripted {
  return { headers: { "content-type": "text/event-stream" }, parts: [": begun\n\n"], end: "hang" };
}

function isStreamed({ body }: Seen): boolean {
  return body.includes('"stream":true');
}

function until(state: { readonly isOver: boolean }): Scripted {
  const usage = { input_tokens: 12, output_tokens: 1 };
  const parts = {
    *[Symbol.iterator]() {
      yield printEvent({ type: "message_start", message: { usage } }, "message_start");
      while (!state.isOver) yield printEvent({ type: "ping" }, "ping");
      yield printEvent({ type: "message_delta", delta: {}, usage }, "message_delta");
    },
  };
  return { headers: { "content-type": "text/event-stream" }, parts, gapMs: 5 };
}

function message(usage: object | undefined): Scripted {
  const body = { type: "message", role: "assistant", content: [], stop_reason: "end_turn", usage };
  return { headers: { "content-type": "application/json" }, parts: [JSON.stringify(body)] };
}

describe("a request that costs money", () => {
  it("is charged what was used, to the key, its user and its team", async (t) => {
    const house = await gatewayFixture(t);
    await house.manage("POST", "/team/new", { team_id: "t1", max_budget: 5 });
    await house.manage("POST", "/user/new", { user_id: "u1", max_budget: 5, auto_create_key: false });
    const key = await house.issue({ team_id: "t1", user_id: "u1", max_budget: 1 });
    await house.post("/v1/messages", asked, { "x-api-key": key });
    await house.post("/v1/messages", { ...asked, stream: true }, { "x-api-key": key });
    assert.equal(await spendOf(house, key), 2 * COST);
    const team = JSON.parse((await house.manage("GET", "/team/info?team_id=t1")).text);
    const user = JSON.parse((await house.manage("GET", "/user/info?user_id=u1")).text);
    assert.deepEqual([team.team_info.spend, user.user_info.spend], [2 * COST, 2 * COST]);
    const rows = JSON.parse((await house.manage("GET", `/spend/logs?api_key=${key}`)).text);
    assert.deepEqual(
      rows.map((row: Record<string, unknown>) => [
        row["spend"],
        row["prompt_tokens"],
        row["completion_tokens"],
        row["status"],
      ]),
      [
        [COST, 12, 7, "answered"],
        [COST, 12, 7, "answered"],
      ],
    );
  });

  it("is refused with one clear billing error when the budget does not hold it", async (t) => {
    const { house, ask } = await withKey(t, { max_budget: 0.001, budget_duration: "1mo" });
    const answer = await ask();
    assert.equal(answer.status, 429);
    assert.equal(answer.headers.get("x-should-retry"), "false");
    assert.equal(answer.headers.get("anthropic-ratelimit-unified-status"), "rejected");
    const { error } = JSON.parse(answer.text);
    assert.equal(error.type, "billing_error");
    assert.match(
      error.message,
      /^the budget of this key has \$0\.001 of \$0\.001 left, and this request may cost more: .*; it is renewed at 20/,
    );
    // Only the free token count was asked, to see whether a tighter bound would fit.
    assert.deepEqual(
      house.worker.seen.map((seen) => seen.path),
      ["/v1/messages/count_tokens"],
    );
  });

  it("is told how the budget stands, with a warning near its end", async (t) => {
    const { house, ask } = await withKey(t, { max_budget: 0.1, budget_duration: "1d" }, { script: dearAtFirst });
    const names = ["status", "overage-utilization", "overage-surpassed-threshold", "overage-period"];
    const told = async (max_tokens: number) => {
      const { status, headers } = await ask({ max_tokens });
      await house.quiet();
      return [status, ...names.map((name) => headers.get(`anthropic-ratelimit-unified-${name}`))];
    };
    assert.deepEqual(await told(5500), [200, "allowed", "0.00", null, "daily"]);
    assert.deepEqual(await told(100), [200, "allowed_warning", "0.79", "0.75", "daily"]);
  });

  it("gets its output lowered to what the budget holds", async (t) => {
    const { house, ask } = await withKey(t, { max_budget: 0.2 });
    assert.equal((await ask({ max_tokens: 32_000, thinking: { type: "enabled", budget_tokens: 31_999 } })).status, 200);
    const sent = JSON.parse(house.worker.seen.find((seen) => seen.path === "/v1/messages")?.body ?? "");
    assert.ok(sent.max_tokens >= 4096 && sent.max_tokens < 14_000, `asked for ${sent.max_tokens}`);
    assert.equal(sent.thinking.budget_tokens, sent.max_tokens - 1);
  });

  it("has its bound tightened before its output is lowered", async (t) => {
    const { house, ask } = await withKey(t, { max_budget: 0.25 }, { script: countsNineHundred });
    await ask({ max_tokens: 32_000, messages: [{ role: "user", content: "word ".repeat(6000) }] });
    const sent = house.worker.seen.map(({ path, body }) => [path, JSON.parse(body).max_tokens]);
    assert.deepEqual(
      sent.map(([path]) => path),
      ["/v1/messages/count_tokens", "/v1/messages"],
    );
    // By its bytes alone the prompt would have left 9,000.
    assert.ok(sent[1]?.[1] > 14_000, JSON.stringify(sent));
  });

  it("uses the upstream's own count when bytes bound it too loosely", async (t) => {
    const { house, ask } = await withKey(
      t,
      { max_budget: 0.1 },
      {
        script: countsNineHundred,
      },
    );
    assert.equal((await ask({ messages: [{ role: "user", content: "word ".repeat(10_000) }] })).status, 200);
    assert.deepEqual(
      house.worker.seen.map((seen) => seen.path),
      ["/v1/messages/count_tokens", "/v1/messages"],
    );
  });

  it("costs all that was reserved when the upstream does not count", async (t) => {
    const { house, key, ask } = await withKey(t, { max_budget: 1 }, { script: () => message(undefined) });
    assert.equal((await ask()).status, 200);
    assert.ok((await spendOf(house, key)) > (1000 * 15) / 1_000_000);
  });

  it("costs nothing when the upstream refuses it, and the refusal passes word for word", async (t) => {
    const told = '{"type":"error","error":{"type":"invalid_request_error","message":"as it is"}}';
    const script = () => ({ status: 400, headers: { "content-type": "application/json" }, parts: [told] });
    const { house, key, ask } = await withKey(t, { max_budget: 1 }, { script });
    const answer = await ask();
    assert.deepEqual([answer.status, answer.text], [400, told]);
    assert.equal(await spendOf(house, key), 0);
  });

  it("costs all that was reserved when the client goes away", async (t) => {
    const { house, key } = await withKey(t, { max_budget: 1 }, { script: hang });
    const leaving = new AbortController();
    const body = JSON.stringify({ ...asked, stream: true });
    const response = await fetch(`${house.base()}/v1/messages`, {
      method: "POST",
      headers: { "x-api-key": key },
      body,
      signal: leaving.signal,
    });
    assert.equal(response.status, 200);
    leaving.abort();
    assert.ok((await spendOf(house, key)) > (1000 * 15) / 1_000_000);
  });

  it("freezes the key and raises an alarm when it cost more than it could", async (t) => {
    const dear = message({ input_tokens: 1_000_000, output_tokens: 7 });
    const { house, key, ask } = await withKey(t, { max_budget: 1 }, { script: () => dear });
    assert.equal((await ask()).status, 200);
    assert.equal(await spendOf(house, key), 3.000105);
    assert.ok(house.logged.some((entry) => entry.event === "budget-overrun"));
    assert.equal((await ask()).status, 401);
  });

  it("is charged a tenth more when the upstream says that it ran in the US, and had that set aside", async (t) => {
    const usage = { input_tokens: 1000, output_tokens: 1000, inference_geo: "us" };
    const { house, key, ask } = await withKey(t, { max_budget: 1 }, { script: () => message(usage) });
    assert.equal((await ask()).status, 200);
    assert.equal(await spendOf(house, key), (1.1 * (1000 * 3 + 1000 * 15)) / 1_000_000);
    assert.ok(!house.logged.some((entry) => entry.event === "budget-overrun"));
  });

  it("has that set aside as well when only a tool's input speaks of the place", async (t) => {
    const usage = { input_tokens: 2200, output_tokens: 1000, inference_geo: "us" };
    const { house, ask } = await withKey(t, { max_budget: 1 }, { script: () => message(usage) });
    const call = { type: "tool_use", id: "t", name: "n", input: { inference_geo: "global" } };
    assert.equal((await ask({ messages: [{ role: "assistant", content: [call] }] })).status, 200);
    await house.quiet();
    assert.ok(!house.logged.some((entry) => entry.event === "budget-overrun"));
  });

  it("is refused without a price, and the message names the line to add", async (t) => {
    const { ask } = await withKey(t, {});
    const answer = await ask({ model: "claude-unpriced" });
    assert.equal(answer.status, 400);
    assert.match(answer.text, /policy_blocked.*claude-unknown-9: \{ input: .*prices\.yaml/);
  });

  it("gets from its refusal a line that the price file takes, once it holds numbers", async (t) => {
    const { house, ask } = await withKey(t, {});
    const { text } = await ask({ model: "claude-unpriced" });
    const line = /add a line "(.*?)" under models/.exec(JSON.parse(text).error.message)?.[1] ?? "";
    const file = join(house.folder, "prices.yaml");
    writeFileSync(file, `format: 1\nsource: here\ndate: 2026-11-28\nmodels:\n  ${line.replaceAll("...", "3")}\n`);
    assert.equal(loadPrices(file).models.get("claude-unknown-9")?.cacheRead, 3);
  });

  it("is charged the costliest relative's price where the route says so", async (t) => {
    const { house, key, ask } = await withKey(t, { max_budget: 5 });
    const config = parse(house.configText());
    const route = { ...config.routes["claude-hosted"], model: "claude-sonnet-9-9", assumeFamilyMax: true };
    writeFileSync(house.configFile, stringify({ ...config, routes: { ...config.routes, "claude-new": route } }));
    house.gateway().reload(loadConfig(house.configFile));
    assert.equal((await ask({ model: "claude-new" })).status, 200);
    assert.equal(await spendOf(house, key), COST);
  });
});

describe("parallel requests", () => {
  it("cannot spend more together than there is, and none is refused that would have fit", async (t) => {
    const slow = { ...message({ input_tokens: 12, output_tokens: 900 }), gapMs: 20 };
    // Room for four at their worst; eight come at once.
    const { house, key, ask } = await withKey(t, { max_budget: 0.09 }, { script: () => slow });
    const answers = await Promise.all(Array.from({ length: 8 }, async () => await ask()));
    const passed = answers.filter((answer) => answer.status === 200).length;
    assert.ok(passed >= 4, `${passed} of 8 passed`);
    const spend = await spendOf(house, key);
    assert.ok(spend <= 0.09 && Math.abs(spend - passed * ((12 * 3 + 900 * 15) / 1_000_000)) < 1e-9, `spent ${spend}`);
  });
});

describe("money that a request under way has set aside", () => {
  // Room for one at its worst, not for two.
  const settings = { max_budget: 0.025 };

  it("is waited for as long as the limits say; then the client is told to come back, not that it has spent", async (t) => {
    const config = { limits: { heldMoneyMs: 50, drainMs: 0 } };
    const { house, ask } = await withKey(t, settings, {
      config,
      script: (seen) => (isStreamed(seen) ? hang() : undefined),
    });
    const first = ask({ stream: true });
    await house.busy();
    const second = await ask();
    assert.deepEqual([second.status, second.headers.get("retry-after")], [429, "5"]);
    assert.equal(JSON.parse(second.text).error.type, "rate_limit_error");
    assert.equal(house.worker.seen.filter(({ path }) => path === "/v1/messages").length, 1);
    await house.gateway().stop();
    await first;
  });

  it("goes to who waits as soon as it is free", async (t) => {
    const config = { limits: { heldMoneyMs: 600_000, drainMs: 0 } };
    const lasting = { isOver: false };
    const script = (seen: Seen): Scripted | undefined => (isStreamed(seen) ? until(lasting) : undefined);
    const { house, ask } = await withKey(t, settings, { config, script });
    const first = ask({ stream: true });
    await house.busy();
    const second = ask();
    // The upstream is asked for its count first; what waits after that waits for money.
    while (!house.worker.seen.some(({ path }) => path.endsWith("count_tokens"))) await new Promise(setImmediate);
    lasting.isOver = true;
    assert.deepEqual([(await first).status, (await second).status], [200, 200]);
  });
});

describe("a revoked key", () => {
  it("ends its streams at once, in the dialect's words", async (t) => {
    const begun = printEvent(
      { type: "message_start", message: { usage: { input_tokens: 1, output_tokens: 1 } } },
      "message_start",
    );
    const script = () => ({ headers: { "content-type": "text/event-stream" }, parts: [begun], end: "hang" as const });
    const { house, key, ask } = await withKey(t, {}, { script });
    const streaming = ask({ stream: true });
    await house.busy();
    await house.manage("POST", "/key/block", { key });
    assert.match(
      (await streaming).text,
      /event: error\ndata: .*"authentication_error","message":"this virtual key was blocked"/,
    );
  });

  it("has a successor that keeps what was spent", async (t) => {
    const { house, key, ask } = await withKey(t, { max_budget: 1 });
    await ask();
    await house.quiet();
    const renewed = JSON.parse((await house.manage("POST", `/key/${key}/regenerate`, {})).text);
    assert.equal((await ask()).status, 401);
    assert.equal(renewed.spend, COST);
    assert.equal((await house.post("/v1/messages", asked, { "x-api-key": renewed.key })).status, 200);
  });
});

describe("limits", () => {
  it("of requests a minute, tokens a minute and requests at a time say how long to wait", async (t) => {
    for (const settings of [{ rpm_limit: 1 }, { tpm_limit: 20 }, { max_parallel_requests: 1 }]) {
      const { house, ask } = await withKey(t, settings, { script: hang });
      const first = ask({ stream: true });
      await house.busy();
      const answer = await ask();
      assert.equal(answer.status, 429, JSON.stringify(settings));
      assert.ok(Number(answer.headers.get("retry-after")) >= 1);
      assert.equal(JSON.parse(answer.text).error.type, "rate_limit_error");
      await house.gateway().stop();
      await first;
    }
  });
});

describe("a key with one request at a time", () => {
  it("asks again as soon as it has its answer, and sees at once what that cost", async (t) => {
    const { house, key, ask } = await withKey(t, { max_parallel_requests: 1 });
    const statuses: number[] = [];
    for (let turn = 0; turn < 10; turn += 1) statuses.push((await ask()).status);
    const spent = JSON.parse((await house.manage("GET", `/key/info?key=${key}`)).text).info.spend;
    assert.deepEqual(new Set(statuses), new Set([200]));
    assert.equal(Math.round(spent * 1_000_000), Math.round(COST * 10_000_000));
  });
});

describe("the audit", () => {
  it("tells once of a request that the upstream refused, and once of one that never left", async (t) => {
    const busy = { status: 503, headers: { "content-type": "application/json" }, parts: ['{"error":"busy"}'] };
    const { house, ask } = await withKey(t, {}, { script: () => busy });
    assert.equal((await ask({ model: "local-chat" })).status, 529);
    assert.equal((await ask({ model: "nobody" })).status, 404);
    await house.gateway().stop();
    const entries = await Array.fromAsync(openLedger(join(house.folder, "state/ledger")).read());
    const told = entries.map(({ record }) => [record.kind, record["outcome"] ?? record["why"]]);
    assert.deepEqual(told.slice(1), [
      ["gateway.request", undefined],
      ["gateway.answer", "upstream-error"],
      ["gateway.refused", "not_found_error"],
    ]);
  });

  it("tells of every request before and after, in the ledger's form, without a word of content", async (t) => {
    const { house, key, ask } = await withKey(t, { key_alias: "ui" });
    await ask({ messages: [{ role: "user", content: "the canary sings" }], system: "canary" });
    await house.quiet();
    await house.gateway().stop();
    const ledger = openLedger(join(house.folder, "state/ledger"));
    const report = await ledger.verify();
    assert.deepEqual([report.isSound, report.faults], [true, []]);
    const records = (await Array.fromAsync(ledger.read())).map((entry) => entry.record);
    assert.deepEqual(
      records.map(({ kind }) => kind),
      ["gateway.key", "gateway.request", "gateway.answer"],
    );
    const [, request, answer] = records;
    assert.equal(request?.["request"], answer?.["request"]);
    assert.equal(request?.["model"], "claude-hosted");
    assert.equal(request?.["residency"], "global");
    assert.match(JSON.stringify(request?.["policy"]), /^"sha256:/);
    assert.deepEqual(
      [answer?.["outcome"], answer?.["microUsd"], answer?.["input"], answer?.["output"]],
      ["answered", 141, 12, 7],
    );
    const written = JSON.stringify([records, house.logged]) + house.stateBytes();
    for (const secret of ["canary", key.slice(3), house.upstreamKey]) assert.ok(!written.includes(secret), secret);
  });
});
