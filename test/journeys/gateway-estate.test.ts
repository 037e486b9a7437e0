// What an estate says about data that must stay, from its YAML to the running gateway, and to the plan that a person reads.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { loadEstate, type Estate } from "../../src/estate/index.ts";
import { startGateway } from "../../src/gateway/gateway.ts";
import { loadConfig } from "../../src/gateway/load-config.ts";
import { scriptedWorker } from "../../src/gateway/scripted-worker.ts";
import { planHost, renderHtml, renderPlan } from "../../src/plan/index.ts";
import { lookOf, savedPlan } from "../../src/plan/plan-fixture.ts";
import { gatewayConfig } from "../../src/roles/gateway-config.ts";
import { resourcesOf } from "../../src/roles/index.ts";
import { copyEstate, harbour } from "./estate-copy.ts";

const HOSTED = "https://api.anthropic.com";
const CLASS = "  deidentified: { personal: false,";
const NAMES = "        small: claude-sonnet-4-6\n";
const KEY = `sk-${"x".repeat(32)}`;

/** What is added to the estate: to its class of the chat's data, and to the model of its cloud profile. */
type Changes = { readonly dataClass?: string; readonly model?: string };

async function estateWith({ dataClass = "", model = "" }: Changes, hosted = HOSTED): Promise<Estate> {
  const copy = copyEstate(harbour);
  try {
    copy.edit("estate.yaml", HOSTED, hosted);
    copy.edit("estate.yaml", CLASS, `${CLASS}${dataClass}`);
    copy.edit("estate.yaml", NAMES, `${NAMES}${model}`);
    return await loadEstate(copy.folder, { signal: AbortSignal.timeout(120_000) });
  } finally {
    copy.remove();
  }
}

function localModel(url: string): string {
  return `      local: { dialect: openai, url: "${url}", names: { own: worker }, images: true }\n      fallback: own\n`;
}

async function worker(t: TestContext) {
  const { server, seen } = scriptedWorker();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, seen };
}

/** The gateway as the role configures it, but for its folders and its port. */
async function gatewayOf(t: TestContext, estate: Estate) {
  const folder = mkdtempSync(join(tmpdir(), "demesne-gateway-estate-"));
  for (const name of ["upstream_key", "key_chat_chat"]) writeFileSync(join(folder, name), KEY);
  const text = gatewayConfig(estate)
    .replaceAll("/run/secrets", folder)
    .replaceAll(/\/run\/demesne-gateway|\/var\/lib\/demesne-gateway/g, folder)
    .replace("0.0.0.0:4000", "127.0.0.1:0");
  const file = join(folder, "gateway.yaml");
  writeFileSync(file, text);
  const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };
  const gateway = await startGateway({ clock: { now: () => Date.now() }, random, log: () => {} }, loadConfig(file));
  t.after(async () => {
    await gateway.stop();
    rmSync(folder, { recursive: true });
  });
  return async (content: unknown) => {
    const answer = await fetch(`http://127.0.0.1:${gateway.address.port}/v1/messages`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": KEY },
      body: JSON.stringify({ model: "small", max_tokens: 50, messages: [{ role: "user", content }] }),
      signal: AbortSignal.timeout(120_000),
    });
    return { status: answer.status, retry: answer.headers.get("x-should-retry"), text: await answer.text() };
  };
}

async function running(t: TestContext, changes: Changes, isBeside: boolean) {
  const [hosted, local] = [await worker(t), await worker(t)];
  const model = (changes.model ?? "") + (isBeside ? localModel(local.url) : "");
  const ask = await gatewayOf(t, await estateWith({ ...changes, model }, hosted.url));
  return { ask, hosted, local };
}

const IMAGE = [{ type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } }];

const UNCLEAN = [
  { what: "a class that never leaves", changes: { dataClass: " hosted: never," }, content: "hello" },
  { what: "free text without an analyser", changes: { dataClass: " hosted: analysed," }, content: "hello" },
  {
    what: "a class that the route does not take",
    changes: { model: "      dataClasses: { small: [internal] }\n" },
    content: "hello",
  },
  { what: "an image", changes: {}, content: IMAGE },
] as const;

describe("what cannot be cleaned", () => {
  for (const { what, changes, content } of UNCLEAN) {
    it(`goes to the estate's local model where there is one: ${what}`, async (t) => {
      const { ask, hosted, local } = await running(t, changes, true);
      const { status, text } = await ask(content);
      assert.equal(status, 200, text);
      assert.deepEqual([hosted.seen.length, local.seen.map(({ path }) => path)], [0, ["/v1/chat/completions"]]);
    });

    it(`is refused in one request where there is none: ${what}`, async (t) => {
      const { ask, hosted } = await running(t, changes, false);
      const { status, text } = await ask(content);
      assert.equal(status, 400);
      assert.match(text, /data of class deidentified .*: ask for a local model|capability_rejected: image_block/);
      assert.equal(hosted.seen.length, 0);
    });
  }

  it("is refused in one request while the local model does not answer", async (t) => {
    const { ask, hosted } = await running(
      t,
      { dataClass: " hosted: never,", model: localModel("http://127.0.0.1:9") },
      false,
    );
    const { status, retry, text } = await ask("hello");
    assert.deepEqual([status, retry, hosted.seen.length], [400, "false", 0]);
    assert.match(text, /data of class deidentified does not leave.*; own, which would get it instead, does not answer/);
  });

  it("is nothing else: what can be cleaned goes to the hosted model, cleaned", async (t) => {
    const { ask, hosted, local } = await running(t, {}, true);
    assert.equal((await ask("it is 943 476 5919")).status, 200);
    assert.deepEqual([hosted.seen.length, local.seen.length], [1, 0]);
    assert.doesNotMatch(hosted.seen[0]?.body ?? "", /943/);
  });

  it("is no image of a class whose images may pass", async (t) => {
    const { ask, hosted } = await running(t, { dataClass: " media: passed," }, false);
    assert.equal((await ask(IMAGE)).status, 200);
    assert.match(hosted.seen[0]?.body ?? "", /iVBORw0KGgo=/);
  });
});

/** The plan of a host on which nothing is there yet, and of one on which all is as it shall be. */
function shownOf(estate: Estate) {
  const host = estate.hosts.find(({ id }) => id === "control") ?? assert.fail("no host");
  const wanted = resourcesOf({
    estate,
    host,
    skipped: new Map([["chat", "not here"]]),
    deadmanProgram: "# the dead-man\n",
    secretDigest: (name, template) => `hmac-sha256:${name}:${template}`,
  });
  return [wanted, []].map((changing) => {
    const planned = planHost({ host: host.id, wanted, look: lookOf(wanted, {}) });
    const quiet = changing.length === 0 ? { changes: [], waiting: [], refusals: [], stages: [] } : {};
    const plan = savedPlan([{ ...planned, ...quiet }]);
    return {
      text: renderPlan(plan, { paint: (_, text) => text, full: false }),
      page: renderHtml(plan, { namespace: "demesne-plan@v1" }),
    };
  });
}

describe("a plan", () => {
  const SENTENCE =
    "data of class deidentified is free text and does not leave to hosted models, as there is no analyser";

  for (const [model, rest] of [
    ["", "requests with it are refused"],
    [localModel("http://192.0.2.20:8000"), "it goes to own instead"],
  ] as const) {
    it(`says that free text stays without an analyser, whether anything changes or not: ${rest}`, async () => {
      const plans = shownOf(await estateWith({ dataClass: " hosted: analysed,", model }));
      for (const { text, page } of plans) {
        assert.match(text, new RegExp(`^ {2}to know {2}1\\n {4}\\* ${SENTENCE}: ${rest}$`, "m"));
        assert.ok(page.includes(`<li>${SENTENCE}: ${rest}</li>`));
      }
      assert.match(plans[1]?.text ?? "", /nothing to do/);
    });
  }

  it("says nothing of it where nothing stays", async () => {
    for (const { text, page } of shownOf(await estateWith({}))) {
      assert.doesNotMatch(text, /to know/);
      assert.doesNotMatch(page, /to know/);
    }
  });
});
