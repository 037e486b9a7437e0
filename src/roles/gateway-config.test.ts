import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { loadEstate, type Estate } from "../estate/index.ts";
import { GatewayConfig } from "../gateway/config.ts";
import { gatewayConfig, gatewayNotes, gatewaySecrets } from "./gateway-config.ts";

const estate = await loadEstate(join(import.meta.dirname, "../../examples/harbour"), {
  signal: AbortSignal.timeout(120_000),
  clock: { now: () => Date.parse("2026-11-21T12:00:00Z") },
});

const letters = {
  name: "letters",
  personal: true,
  note: "letters",
  hosted: "analysed" as const,
  media: "refused" as const,
};

const local = {
  dialect: "openai" as const,
  url: "http://192.0.2.20:8000",
  secret: "worker/api_key",
  names: { own: "worker" },
  dataClasses: {},
  images: true,
};

function readBack(of: Estate): GatewayConfig {
  return GatewayConfig.parse(parse(gatewayConfig(of)));
}

test("a class of free text is said to stay, as long as no analyser is there", () => {
  const dataClasses = [...estate.dataClasses, letters];
  const [note = "", ...others] = gatewayNotes({ ...estate, dataClasses });
  assert.equal(others.length, 0);
  assert.match(note, /^data of class letters is free text .* no analyser: requests with it are refused$/);
  assert.ok(gatewayConfig({ ...estate, dataClasses }).includes(`\n# ${note}.\n`));
  const analysed = { ...estate, dataClasses, privacy: { dictionaries: {}, analyser: "http://analyser:3000" } };
  assert.deepEqual(gatewayNotes(analysed), []);
  assert.equal(readBack(analysed).privacy.analyser?.url, "http://analyser:3000");
});

test("a local model beside the hosted one is a route with a key of its own, and gets what cannot be cleaned", () => {
  const model = { ...estate.seam.model, local, fallback: "own" };
  const beside = { ...estate, dataClasses: [...estate.dataClasses, letters], seam: { ...estate.seam, model } };
  const { routes, privacy, serviceKeys } = readBack(beside);
  assert.deepEqual(Object.keys(routes), ["large", "small", "own"]);
  const { upstream, residency, keyFile, worker } = routes["own"] ?? assert.fail("no route");
  assert.deepEqual([upstream, residency, keyFile], [local.url, "local", "/run/secrets/local_upstream_key"]);
  assert.equal(worker.images, true);
  assert.equal(routes["large"]?.keyFile, "/run/secrets/upstream_key");
  assert.equal(privacy.fallback, "own");
  assert.deepEqual(serviceKeys["chat/chat"]?.models, ["large", "small", "own"]);
  assert.match(gatewayNotes(beside)[0] ?? "", /no analyser: it goes to own instead$/);
  const files = gatewaySecrets(beside).map(({ file, secret }) => `${file} ${secret}`);
  assert.deepEqual(files.slice(0, 2), ["upstream_key gateway/upstream_key", "local_upstream_key worker/api_key"]);
});

test("without a local model there is no fallback, and nothing else changes", () => {
  const { routes, privacy, serviceKeys } = readBack(estate);
  assert.deepEqual(Object.keys(routes), ["large", "small"]);
  assert.equal(privacy.fallback, undefined);
  assert.deepEqual(serviceKeys["chat/chat"]?.models, ["large", "small"]);
});

test("the classes that a name takes, and what becomes of images, are the estate's", () => {
  const model = { ...estate.seam.model, dataClasses: { large: ["internal", "default"] } };
  const dataClasses = estate.dataClasses.map((each) =>
    each.name === "internal" ? { ...each, media: "passed" as const } : each,
  );
  const { routes, privacy } = readBack({ ...estate, dataClasses, seam: { ...estate.seam, model } });
  assert.deepEqual(routes["large"]?.dataClasses, ["internal", "default"]);
  assert.equal(routes["small"]?.dataClasses, undefined);
  assert.deepEqual([privacy.classes["internal"]?.media, privacy.classes["personal"]?.media], ["passed", "refused"]);
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
