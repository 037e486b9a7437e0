import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { type Estate, loadEstate, seam } from "./index.ts";

const root = join(import.meta.dirname, "../..");
const noon = { now: () => Date.parse("2026-11-21T12:00:00Z") };

async function under(estate: string, profile: "cloud" | "airgapped"): Promise<Estate> {
  return await loadEstate(join(root, estate), { signal: AbortSignal.timeout(120_000), clock: noon, profile });
}

test("the profiles of the example differ in the model, the corpus and the artefacts, and nowhere else", async () => {
  const found = seam(await under("examples/harbour", "cloud"), await under("examples/harbour", "airgapped"));
  assert.deepEqual(
    found.map(({ path, allowed }) => ({ path, allowed })),
    ["seam/artefacts", "seam/corpus", "seam/model"].map((path) => ({ path, allowed: true })),
  );
});

test("all four members of the seam may differ", async () => {
  const found = seam(await under("test/estates/small", "cloud"), await under("test/estates/small", "airgapped"));
  assert.deepEqual(
    found.map(({ path }) => path),
    ["seam/artefacts", "seam/corpus", "seam/model", "seam/observability"],
  );
});

test("a difference outside the seam is found and not allowed", async () => {
  const cloud = await under("test/estates/small", "cloud");
  const hosts = cloud.hosts.map((host) => (host.id === "one" ? { ...host, port: 2222 } : host));
  assert.deepEqual(seam(cloud, { ...cloud, hosts }), [{ path: "hosts/0/port", allowed: false, one: 22, other: 2222 }]);
  assert.deepEqual(
    seam(cloud, { ...cloud, services: cloud.services.slice(1) }).every(({ allowed }) => !allowed),
    true,
  );
});

test("an estate does not differ from itself", async () => {
  const cloud = await under("examples/harbour", "cloud");
  assert.deepEqual(seam(cloud, cloud), []);
});
