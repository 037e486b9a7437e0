import assert from "node:assert/strict";
import { test } from "node:test";
import { loadEstate } from "./index.ts";

const harbour = new URL("../../examples/harbour", import.meta.url).pathname;
const noon = { now: () => Date.parse("2026-11-21T12:00:00Z") };

test("the example loads: two hosts, three services, the cloud side of the seam", async () => {
  const estate = await loadEstate(harbour, { signal: AbortSignal.timeout(10_000), clock: noon });
  assert.deepEqual(
    estate.hosts.map((host) => [host.id, host.state]),
    [
      ["control", "live"],
      ["gpu", "dormant"],
    ],
  );
  assert.deepEqual(
    estate.services.map((service) => service.name),
    ["chat", "gateway", "worker"],
  );
  assert.equal(estate.seam.model.dialect, "anthropic");
});
