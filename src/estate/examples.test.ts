import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { loadEstate, schemas } from "./index.ts";

const root = join(import.meta.dirname, "../..");
const signal = AbortSignal.timeout(120_000);
const noon = { now: () => Date.parse("2026-11-21T12:00:00Z") };

test("the example loads as it stands: hosts, services, what is rehearsed, and the secrets they need", async () => {
  const estate = await loadEstate(join(root, "examples/harbour"), { signal, clock: noon });
  const hosts = estate.hosts.map(({ id, state, os }) => `${id} ${state} ${os}`);
  assert.deepEqual(hosts, ["control live debian-13", "gpu dormant ubuntu-24.04"]);
  const services = estate.services.map(({ name, host, rehearse }) => `${name} on ${host}: ${rehearse.mode}`);
  assert.deepEqual(services, ["chat on control: skip", "gateway on control: run", "worker on gpu: skip"]);
  const unused = estate.secretRefs.filter(({ usedBy }) => usedBy.length === 0).map(({ name }) => name);
  assert.deepEqual(unused, []);
});

test("every YAML file of the examples names its schema in its first line", async () => {
  const names = new Set(schemas.map(({ name }) => name));
  for await (const file of glob(["examples/**/*.yaml", "test/estates/**/*.yaml"], { cwd: root })) {
    const [first = ""] = (await readFile(join(root, file), "utf8")).split("\n");
    const target = /^# yaml-language-server: \$schema=(.+)$/.exec(first)?.[1] ?? "";
    const schema = relative(root, join(root, dirname(file), target));
    assert.ok(names.has(/^schema\/(.+)\.json$/.exec(schema)?.[1] ?? ""), `${file}: ${first}`);
  }
});

test("every address of the example is one for documentation, private or loopback", async () => {
  const allowed = /^(?:192\.0\.2|198\.51\.100|203\.0\.113|10\.\d+\.\d+|127\.0\.0)\./;
  for await (const file of glob("examples/**/*.yaml", { cwd: root })) {
    const text = await readFile(join(root, file), "utf8");
    for (const [address] of text.matchAll(/\b\d+\.\d+\.\d+\.\d+\b/g)) assert.match(address, allowed, file);
  }
});
