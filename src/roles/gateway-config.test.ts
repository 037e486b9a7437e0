import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { loadEstate } from "../estate/index.ts";
import { GatewayConfig } from "../gateway/config.ts";
import { gatewayConfig, gatewaySecrets } from "./gateway-config.ts";

const estate = await loadEstate(join(import.meta.dirname, "../../examples/harbour"), {
  signal: AbortSignal.timeout(10_000),
  clock: { now: () => Date.parse("2026-11-21T12:00:00Z") },
});

test("a class of free text is said to stay, as long as no analyser is there", () => {
  const dataClasses = [
    ...estate.dataClasses,
    { name: "letters", personal: true, note: "letters", hosted: "analysed" as const },
  ];
  const text = gatewayConfig({ ...estate, dataClasses });
  assert.match(text, /^# Data of class letters is free text and does not leave/m);
  const analysed = gatewayConfig({
    ...estate,
    dataClasses,
    privacy: { dictionaries: {}, analyser: "http://analyser:3000" },
  });
  assert.doesNotMatch(analysed, /does not leave/);
  assert.equal(GatewayConfig.parse(parse(analysed)).privacy.analyser?.url, "http://analyser:3000");
});

test("the keys of a service are of the service's class, and its dictionaries are secrets", () => {
  const privacy = { dictionaries: { client: "privacy/clients" } };
  const config = GatewayConfig.parse(parse(gatewayConfig({ ...estate, privacy })));
  assert.deepEqual(config.privacy.keys, { "chat/chat": "deidentified" });
  assert.deepEqual(config.privacy.dictionaries, [{ kind: "client", file: "/run/secrets/names_client" }]);
  assert.ok(
    gatewaySecrets({ ...estate, privacy }).some(
      ({ secret, file }) => secret === "privacy/clients" && file === "names_client",
    ),
  );
});
