import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { it } from "node:test";
import { parse, stringify } from "yaml";
import { gatewayFixture } from "./gateway-fixture.ts";
import { loadConfig } from "./load-config.ts";

it("says which fields of the new file wait for a restart, until they are as they were", async (t) => {
  const house = await gatewayFixture(t);
  const before = parse(house.configText());
  const waiting = (changes: object): readonly string[] => {
    writeFileSync(house.configFile, stringify({ ...before, ...changes }));
    house.gateway().reload(loadConfig(house.configFile));
    const entry = house.logged.at(-1);
    return entry?.event === "reloaded" ? entry.waitingForRestart : ["no entry"];
  };
  assert.deepEqual(waiting({ limits: { drainMs: 201 }, minOutputTokens: 100 }), []);
  const changes = { listen: "127.0.0.1:4199", state: "/other", metrics: "127.0.0.1:9464", auditDays: 30 };
  assert.deepEqual(waiting(changes), ["listen", "metrics", "state", "auditDays"]);
  assert.deepEqual(waiting({}), []);
});
