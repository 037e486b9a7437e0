import assert from "node:assert/strict";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { gatewayFixture } from "../gateway/gateway-fixture.ts";
import { Sensitive } from "../lib/sensitive.ts";
import { FIRST_KEY, firstKey } from "./first-key.ts";

async function house(t: TestContext) {
  let now = Date.now();
  const gateway = await gatewayFixture(t, { clock: { now: () => now } });
  const management = { socket: join(gateway.folder, "management.sock"), masterKey: new Sensitive(gateway.masterKey()) };
  return {
    ...gateway,
    later: (days: number) => (now += days * 86_400_000),
    first: async () => await firstKey(management, { signal: t.signal, now }),
    status: async (key: string) => (await gateway.get("/v1/models", { "x-api-key": key })).status,
    count: async () => JSON.parse((await gateway.manage("GET", "/key/list")).text).total_count,
  };
}

it("is made once, and left alone while it lives", async (t) => {
  const { first, later, status, count } = await house(t);
  const { key = "" } = await first();
  later(20);
  const again = await first();
  assert.deepEqual([again.key, again.shown, again.blocked], [undefined, `sk-...${key.slice(-4)}`, false]);
  assert.deepEqual([await status(key), await count()], [200, 1]);
});

it("is renewed, as the same key, where it has expired", async (t) => {
  const { first, later, status, count } = await house(t);
  const { key: old = "" } = await first();
  later(31);
  const { key = "" } = await first();
  assert.deepEqual([await status(old), await status(key), await count()], [401, 200, 1]);
  later(29);
  assert.equal(await status(key), 200);
});

it("stays blocked where somebody blocked it", async (t) => {
  const { first, manage, status } = await house(t);
  const { key = "" } = await first();
  await manage("POST", "/key/block", { key: FIRST_KEY });
  const { key: made, blocked } = await first();
  assert.deepEqual([made, blocked, await status(key)], [undefined, true, 401]);
});
