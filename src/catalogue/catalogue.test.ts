// Every entry of the catalogue becomes a service of the example, and of an estate that names things otherwise.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { type Estate, loadEstate } from "../estate/index.ts";
import { parse } from "yaml";
import { Problem } from "../lib/problem.ts";
import { run } from "../lib/run.ts";
import { type Entry, newService, type NewService, readCatalogue } from "./index.ts";

const root = join(import.meta.dirname, "../..");
const harbour = join(root, "examples/harbour");
const small = join(root, "test/estates/small");
const folder = await mkdtemp(join(tmpdir(), "catalogue-"));
after(async () => await rm(folder, { recursive: true }));

const { entries, template, secrets } = await readCatalogue();
/** Entries whose image nobody knows yet: an estate with one is refused until the image is locked. */
const toBeLocked = new Set(["periscope"]);

/** Before the waivers of the estates run out. */
const clock = { now: () => Date.parse("2026-11-21T12:00:00Z") };

const load = async (dir: string): Promise<Estate> =>
  await loadEstate(dir, { signal: AbortSignal.timeout(120_000), clock });

async function make(name: string, entry: Entry, dir: string): Promise<NewService> {
  const read = async (file: string): Promise<string> => await readFile(join(dir, file), "utf8");
  const present = {
    estate: await read("estate.yaml"),
    lock: await read("inventory/images.lock.yaml"),
    secrets: await read("inventory/secrets.example.yaml"),
  };
  return newService({ name, entry, secrets, estate: await load(dir), present });
}

async function withService(from: string, name: string, entry: Entry): Promise<string> {
  const dir = join(folder, `${from === harbour ? "harbour" : "small"}-${name}`);
  await cp(from, dir, { recursive: true });
  for (const [path, text] of (await make(name, entry, dir)).texts) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  return dir;
}

function entryOf(name: string): Entry {
  const entry = entries.find((each) => each.name === name);
  assert.ok(entry !== undefined, name);
  return entry;
}

async function problemOf(work: Promise<unknown>): Promise<Problem> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Problem, String(error));
  return error;
}

describe("an entry becomes a service, under its own name and under another", () => {
  for (const entry of entries.filter(({ name }) => name !== "gateway" && !toBeLocked.has(name))) {
    for (const from of [harbour, small]) {
      test(`${entry.name} in ${from === harbour ? "the example" : "an estate with other names"}`, async () => {
        for (const name of [entry.name, `my-${entry.name}`]) {
          const estate = await load(await withService(from, name, entry));
          const made = estate.services.find((each) => each.name === name);
          assert.ok(made?.containers.every(({ image }) => image.kind === "pinned"));
        }
      });
    }
  }
});

test("an image whose digest nobody knows is marked, and refused until it is locked", async () => {
  for (const name of toBeLocked) {
    const entry = entryOf(name);
    assert.match(entry.texts.get("compose.yaml") ?? "", /image: \S+:\S+ # to be locked/);
    const { message, fix } = await problemOf(load(await withService(harbour, name, entry)));
    assert.match(message, /should be pinned by digest/);
    assert.match(fix, /demesne images lock/);
  }
});

test("the template asks what only a person can state, each with its place", async () => {
  const { questions, texts } = await make("wiki", template, harbour);
  assert.equal(questions.length, 7);
  assert.match(questions.find((question) => question.startsWith("services/wiki/compose.yaml:")) ?? "", /which image/);
  assert.match(texts.get("inventory/secrets.example.yaml") ?? "", /wiki\/virtual_key:\n {4}generate: virtual-key/);
  assert.match(texts.get("services/wiki/service.yaml") ?? "", /port: 8081/, "8080 is the chat UI's");
});

test("the health check of embeddings, which asks without curl, tells well from unwell", async () => {
  const { services } = parse(entryOf("embeddings").texts.get("compose.yaml") ?? "");
  const program = String(services.embeddings.healthcheck.test.at(-1));
  let status = 200;
  const server = createServer((_, response) => response.writeHead(status).end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const check = async (port: number): Promise<number | null> =>
    (await run(["bash", "-c", program.replaceAll("$$", "$").replace("8080", String(port))], { timeoutMs: 10_000 }))
      .status;
  assert.equal(await check(address.port), 0);
  status = 503;
  assert.notEqual(await check(address.port), 0);
  server.close();
  await once(server, "close");
  assert.notEqual(await check(address.port), 0);
});

test("a second gateway is refused, and what asks for models needs the first", async () => {
  assert.equal((await problemOf(make("hub", entryOf("gateway"), harbour))).code, "refused");
  const dir = join(folder, "no-gateway");
  await cp(harbour, dir, { recursive: true });
  for (const name of ["gateway", "chat"]) await rm(join(dir, "services", name), { recursive: true });
  const { code, fix } = await problemOf(make("talk", entryOf("open-webui"), dir));
  assert.deepEqual([code, fix], ["prerequisite", "demesne service new gateway --from gateway"]);
});

/** The models that the chat UI asks for, in the example with fewer models of its own and a local one beside them. */
async function modelsBeside(local: readonly string[]): Promise<unknown> {
  const dir = join(folder, `models-${local.join("-")}`);
  await cp(harbour, dir, { recursive: true });
  const text = await readFile(join(dir, "estate.yaml"), "utf8");
  const names = local.map((name) => `${name}: worker`).join(", ");
  const model = `      local: { dialect: openai, url: "http://192.0.2.20:8000", names: { ${names} } }\n`;
  await writeFile(join(dir, "estate.yaml"), text.replace("        small: claude-sonnet-4-6\n", model));
  // What asks for the model that is gone would keep the estate from being read.
  await rm(join(dir, "services/chat"), { recursive: true });
  const { texts } = await make("talk", entryOf("open-webui"), dir);
  return parse(texts.get("services/talk/service.yaml") ?? "").keys[0].models;
}

test("a key may ask for the models of a profile, those of the local one too, and for no other", async () => {
  assert.deepEqual(await modelsBeside(["small"]), ["large", "small"]);
  assert.deepEqual(await modelsBeside(["own"]), ["large"]);
});

test("a name that cannot be one is refused", async () => {
  for (const name of ["", "Wiki", "../wiki", "a b", "x".repeat(33)]) {
    assert.equal((await problemOf(make(name, template, harbour))).code, "usage", name);
  }
});

test("lines of the estate's files that were there stay to the letter", async () => {
  const { texts } = await make("postgres", entryOf("postgres"), harbour);
  for (const file of ["inventory/images.lock.yaml", "inventory/secrets.example.yaml"]) {
    const before = await readFile(join(harbour, file), "utf8");
    assert.ok((texts.get(file) ?? "").startsWith(before.trimEnd()), file);
  }
});

test("a digest that the estate has locked for a tag stays", async () => {
  const dir = join(folder, "locked");
  await cp(harbour, dir, { recursive: true });
  const other = `sha256:${"7".repeat(64)}`;
  const lock = join(dir, "inventory/images.lock.yaml");
  await writeFile(lock, `${await readFile(lock, "utf8")}  grafana/grafana:13.2.1: ${other}\n`);
  // A line in the lock that nobody uses is no error of the loader.
  const { texts } = await make("grafana", entryOf("grafana"), dir);
  assert.match(texts.get("services/grafana/compose.yaml") ?? "", new RegExp(`grafana:13.2.1@${other}`));
  assert.equal(texts.has("inventory/images.lock.yaml"), false);
});

test("each entry says what was verified and what was not, and docs/services.md lists it with its state", async () => {
  const text = await readFile(join(root, "docs/services.md"), "utf8");
  const told = [...text.matchAll(/^\| `([a-z0-9-]+)` +\| .+? +\| (live|dormant) +\|/gm)].map(
    ([, name, state]) => `${name} ${state}`,
  );
  const states = entries.map(({ name, texts }) => `${name} ${parse(texts.get("service.yaml") ?? "").state}`);
  assert.deepEqual(told.sort(), states.sort());
  for (const { name, texts } of entries) {
    assert.match(texts.get("README.md") ?? "", /^## Verified, and not\n\n- Verified: [\s\S]+^- Not verified: /m, name);
  }
});
