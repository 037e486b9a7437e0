// Every compose file of the catalogue and of the example, and what Demesne writes to a host from it, is accepted by the real
// Docker Compose, which reads out of it what we do.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { parse } from "yaml";
import * as z from "zod";
import { newService, readCatalogue } from "../../src/catalogue/index.ts";
import { loadEstate } from "../../src/estate/index.ts";
import { resourcesOf } from "../../src/roles/index.ts";
import { findCompose } from "./compose-program.ts";
import { harbour, noon } from "./estate-copy.ts";

const folder = mkdtempSync(join(tmpdir(), "services-compose-"));
const compose = await findCompose();
const { entries, template, secrets } = await readCatalogue();
after(async () => {
  rmSync(folder, { recursive: true });
  await compose?.close();
});

const skip = compose === undefined ? "no Docker Compose here, and twins need root" : false;

const Model = z.object({
  name: z.string(),
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      read_only: z.boolean().optional(),
      privileged: z.boolean().optional(),
      cap_drop: z.array(z.string()),
      healthcheck: z.object({ test: z.array(z.string()) }).optional(),
      mem_limit: z.string(),
    }),
  ),
});

async function modelOf(place: string): Promise<z.infer<typeof Model>> {
  assert.ok(compose !== undefined);
  const { status, stdout, stderr } = await compose.run(place, ["--project-name", "x", "config", "--format", "json"]);
  assert.equal(status, 0, stderr);
  assert.equal(stderr.trim(), "", "not even a warning");
  return Model.parse(JSON.parse(stdout));
}

/** Writes texts below a folder of their own. */
function laid(name: string, texts: ReadonlyMap<string, string>): string {
  const place = join(folder, name);
  for (const [path, text] of texts) {
    mkdirSync(dirname(join(place, path)), { recursive: true });
    writeFileSync(join(place, path), text);
  }
  return place;
}

describe(`compose files, read by Docker Compose ${compose?.version ?? ""}`, { skip }, () => {
  for (const { name, texts } of [...entries, template]) {
    test(`${name} of the catalogue`, async () => {
      const wanted = parse(texts.get("compose.yaml") ?? "").services[name];
      const found = (await modelOf(laid(name, texts))).services[name];
      assert.equal(found?.image, wanted.image);
      assert.equal(found?.read_only ?? false, wanted.read_only ?? false);
      assert.equal(found?.privileged ?? false, false);
      assert.deepEqual(found?.cap_drop, ["ALL"]);
      assert.deepEqual(found?.healthcheck?.test.at(-1), wanted.healthcheck?.test.at(-1));
    });
  }

  test("what a host is given, for the example and every entry of the catalogue", async () => {
    for (const [name, texts] of await onHosts()) {
      const model = await modelOf(laid(`host-${name}`, texts));
      assert.equal(model.services[name]?.privileged ?? false, false);
    }
  });

  test("a file that is wrong is refused, so that the tests above can fail", async () => {
    const text = (template.texts.get("compose.yaml") ?? "").replace("read_only: true", "readonly: true");
    assert.ok(compose !== undefined);
    const { status, stderr } = await compose.run(laid("wrong", new Map([["compose.yaml", text]])), [
      "config",
      "--quiet",
    ]);
    assert.notEqual(status, 0);
    assert.match(stderr, /readonly/);
  });
});

/** The example with every entry in it, live, as its hosts get it: text of each file beside a service's compose.yaml. */
async function onHosts(): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const dir = join(folder, "estate");
  cpSync(harbour, dir, { recursive: true });
  const loading = { signal: AbortSignal.timeout(60_000), clock: noon };
  for (const entry of entries.filter(({ name }) => name !== "gateway" && name !== "periscope")) {
    const read = (file: string): string => readFileSync(join(dir, file), "utf8");
    const present = {
      estate: read("estate.yaml"),
      lock: read("inventory/images.lock.yaml"),
      secrets: read("inventory/secrets.example.yaml"),
    };
    const made = newService({ name: entry.name, entry, secrets, estate: await loadEstate(dir, loading), present });
    laid("estate", made.texts);
  }
  const loaded = await loadEstate(dir, loading);
  const estate = { ...loaded, services: loaded.services.map((each) => ({ ...each, state: "live" as const })) };
  const found = new Map<string, Map<string, string>>();
  for (const host of estate.hosts) {
    const resources = resourcesOf({
      estate,
      host,
      skipped: new Map(),
      secretDigest: () => "hmac-sha256:0",
      deadmanProgram: "-",
    });
    for (const { kind, ref, wanted } of resources.filter((each) => each.kind === "file")) {
      const [, name, file] = /^file:\/etc\/demesne\/services\/([^/]+)\/(.+)$/.exec(ref) ?? [];
      if (name === undefined || file === undefined || kind !== "file") continue;
      const text = "content" in Object(wanted) ? String(Object(wanted).content ?? "") : "";
      found.set(name, (found.get(name) ?? new Map<string, string>()).set(file, text));
    }
  }
  assert.equal(found.size, estate.services.length);
  return found;
}
