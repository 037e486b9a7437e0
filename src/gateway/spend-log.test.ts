// What was spent, as LiteLLM's /spend/logs tells it.
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { gatewayFixture, type FixtureOptions } from "./gateway-fixture.ts";

const asked = { model: "claude-hosted", max_tokens: 1000, messages: [{ role: "user", content: "hi" }] };

async function house(t: TestContext, options: FixtureOptions = {}) {
  const gateway = await gatewayFixture(t, options);
  const call = async (path: string, body?: object) => {
    const { status, text } = await gateway.manage(body === undefined ? "GET" : "POST", path, body);
    return { status, answer: JSON.parse(text) };
  };
  const ask = async (key: string) => await gateway.post("/v1/messages", asked, { "x-api-key": key });
  return { ...gateway, call, ask };
}

describe("/spend/logs", () => {
  it("still knows what a key that is gone has spent, by its hash", async (t) => {
    const gateway = await house(t);
    const { key, token } = (await gateway.call("/key/generate", {})).answer;
    await gateway.ask(key);
    await gateway.quiet();
    await gateway.call("/key/delete", { keys: [key] });
    for (const one of [token, key]) {
      const { answer } = await gateway.call(`/spend/logs?api_key=${one}`);
      assert.deepEqual(
        answer.map(({ api_key: hash }: { api_key: string }) => hash),
        [token],
      );
    }
    assert.equal((await gateway.call(`/spend/logs?api_key=${"0".repeat(64)}`)).status, 404);
  });

  it("knows a regenerated key under its hash of before, and all of it under its hash of now", async (t) => {
    const gateway = await house(t);
    const { key, token } = (await gateway.call("/key/generate", {})).answer;
    await gateway.ask(key);
    const renewed = (await gateway.call("/key/regenerate", { key })).answer;
    await gateway.ask(renewed.key);
    await gateway.quiet();
    const hashes = async (hash: string) =>
      (await gateway.call(`/spend/logs?api_key=${hash}`)).answer.map((row: { api_key: string }) => row.api_key);
    assert.deepEqual(await hashes(token), [token]);
    assert.deepEqual(await hashes(renewed.token), [renewed.token, token]);
  });

  it("gives the rows of one team", async (t) => {
    const gateway = await house(t);
    for (const team of ["t1", "t2"]) {
      await gateway.call("/team/new", { team_id: team });
      await gateway.ask(await gateway.issue({ team_id: team }));
    }
    await gateway.quiet();
    const { answer } = await gateway.call("/spend/logs?team_id=t1");
    assert.deepEqual(
      answer.map((row: { team_id: string }) => row.team_id),
      ["t1"],
    );
    assert.equal((await gateway.call("/spend/logs")).answer.length, 2);
  });

  it("takes days and seconds as UTC, both ends with it, wherever the machine stands", async (t) => {
    const zone = process.env["TZ"];
    process.env["TZ"] = "America/St_Johns";
    t.after(() => {
      if (zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = zone;
    });
    const gateway = await house(t, { clock: { now: () => Date.parse("2026-03-01T23:30:00.500Z") } });
    await gateway.ask(await gateway.issue());
    await gateway.quiet();
    const rows = async (query: string) => (await gateway.call(`/spend/logs?${query}`)).answer.length;
    for (const [query, found] of [
      ["start_date=2026-03-01&end_date=2026-03-01", 1],
      ["start_date=2026-03-01T23:30:00&end_date=2026-03-01T23:30:00Z", 1],
      ["start_date=2026-03-01%2023:30:00", 1],
      ["start_date=2026-03-01T23:30:01", 0],
      ["start_date=2026-03-02", 0],
      ["end_date=2026-03-01T23:29:59", 0],
      ["end_date=2026-02-28", 0],
    ] as const) {
      assert.equal(await rows(query), found, query);
    }
  });

  it("refuses a day that is not in the calendar", async (t) => {
    const gateway = await house(t);
    for (const day of ["2026-02-29", "2026-13-01", "01-03-2026", "2026-03-01T25:00:00", "2026-03-01Z", ""]) {
      const { status, answer } = await gateway.call(`/spend/logs?start_date=${day}`);
      assert.equal(status, 400, day);
      assert.match(answer.error.message, /^start_date: should be YYYY-MM-DD/);
    }
  });
});
