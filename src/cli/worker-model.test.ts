import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { scriptedWorker } from "../gateway/scripted-worker.ts";
import { Problem } from "../lib/problem.ts";
import { namedModel, onlyModel } from "./worker-model.ts";

/** The URL of a worker that answers GET /v1/models with this. */
async function worker(t: TestContext, answer: unknown, status = 200): Promise<string> {
  const { server } = scriptedWorker(() => ({ status, parts: [JSON.stringify(answer)] }));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

const NOBODY = "http://127.0.0.1:1";
const two = { data: [{ id: "qwen3:32b" }, { id: "llama4:latest", max_model_len: 65_536 }] };

async function problemOf(work: Promise<unknown>): Promise<Problem> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "nothing was wrong" });
}

describe("a worker's only model", () => {
  it("is taken with its context window, where the worker tells it", async (t) => {
    const vllm = await worker(t, { object: "list", data: [{ id: "Qwen/Qwen3-32B", max_model_len: 40_960 }] });
    assert.deepEqual(await onlyModel(vllm, t.signal), { name: "Qwen/Qwen3-32B", contextTokens: 40_960 });
    const ollama = await worker(t, { object: "list", data: [{ id: "qwen3:32b", owned_by: "library" }] });
    assert.deepEqual(await onlyModel(ollama, t.signal), { name: "qwen3:32b", contextTokens: undefined });
  });

  it("is for a person to choose among several", async (t) => {
    const { code, what, fix } = await problemOf(onlyModel(await worker(t, two), t.signal));
    assert.deepEqual([code, what], ["usage", "serves 2 models: qwen3:32b, llama4:latest"]);
    assert.equal(fix, "say which: --worker-model qwen3:32b");
  });

  for (const [what, answer, status, told] of [
    ["none", { object: "list", data: null }, 200, "serves no model"],
    ["an error", { error: "no" }, 500, "answers GET /v1/models with 500"],
    ["a refusal", {}, 401, "answers GET /v1/models with 401: it wants a key, which a configuration names as keyFile"],
    ["something else", "hello", 200, "answers GET /v1/models with something that is no list of models"],
  ] as const) {
    it(`is not there where the worker answers with ${what}`, async (t) => {
      const problem = await problemOf(onlyModel(await worker(t, answer, status), t.signal));
      assert.deepEqual([problem.code, problem.what], ["unreachable", told]);
      assert.match(problem.fix, /--worker-model NAME$/);
    });
  }

  it("cannot be asked of a worker that is not there", async (t) => {
    const { code, message } = await problemOf(onlyModel(NOBODY, t.signal));
    assert.deepEqual([code, message], ["unreachable", `--worker ${NOBODY}: does not answer (ECONNREFUSED)`]);
  });
});

async function asked(t: TestContext, url: string, name: string) {
  const warned: string[] = [];
  const model = await namedModel(url, name, { signal: t.signal, warn: (text) => void warned.push(text) });
  return { model, warned };
}

describe("a model that is named", () => {
  it("is one of several, with or without Ollama's tag", async (t) => {
    const { model, warned } = await asked(t, await worker(t, two), "llama4");
    assert.deepEqual([model, warned], [{ name: "llama4", contextTokens: 65_536 }, []]);
  });

  it("is taken, with a warning, where the worker does not list it or is not there", async (t) => {
    const url = await worker(t, two);
    assert.deepEqual(await asked(t, url, "mistral"), {
      model: { name: "mistral", contextTokens: undefined },
      warned: [`${url} does not list mistral; it serves qwen3:32b, llama4:latest`],
    });
    const { model, warned } = await asked(t, NOBODY, "mistral");
    assert.equal(model.name, "mistral");
    assert.deepEqual(warned, [`${NOBODY} does not answer (ECONNREFUSED); requests fail until it answers`]);
  });
});
