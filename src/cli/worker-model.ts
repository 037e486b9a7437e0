// Which model a worker serves, as it tells itself: GET /v1/models, which vLLM, Ollama and llama.cpp all have.
import { request } from "undici";
import { z } from "zod";
import { Problem } from "../lib/problem.ts";

export type WorkerModel = {
  /** What the worker calls it. */
  readonly name: string;
  /** Its context window, where the worker tells. */
  readonly contextTokens: number | undefined;
};

const Listed = z.object({
  // Ollama without a model answers null.
  data: z
    .array(z.object({ id: z.string().min(1), max_model_len: z.int().min(1024).optional().catch(undefined) }))
    .nullable(),
});

const TIMEOUT_MS = 5000;
const SHOWN = 20;

/** Throws Problem when the worker does not answer, or serves none or several: which one is meant is for a person to say. */
export async function onlyModel(url: string, signal: AbortSignal): Promise<WorkerModel> {
  const models = await modelsOf(url, signal);
  const [model, ...others] = models;
  if (model === undefined) {
    throw new Problem({
      code: "unreachable",
      where: `--worker ${url}`,
      what: "serves no model",
      fix: "give it one (ollama pull NAME, vllm serve NAME), or name the one it will have: --worker-model NAME",
    });
  }
  if (others.length === 0) return model;
  throw new Problem({
    code: "usage",
    where: `--worker ${url}`,
    what: `serves ${models.length} models: ${named(models)}`,
    fix: `say which: --worker-model ${model.name}`,
  });
}

/**
 * The model of that name. What speaks against it is told to `warn` and decides nothing: the worker may start later, and some
 * answer to any name.
 */
export async function namedModel(
  url: string,
  name: string,
  { signal, warn }: { readonly signal: AbortSignal; readonly warn: (text: string) => void },
): Promise<WorkerModel> {
  try {
    const models = await modelsOf(url, signal);
    // Ollama's names have a tag, which may be left out.
    const found = models.find((model) => model.name === name || model.name === `${name}:latest`);
    if (found === undefined) warn(`${url} does not list ${name}; it serves ${named(models) || "no model"}`);
    return { name, contextTokens: found?.contextTokens };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    warn(`${url} ${error.what}; requests fail until it answers`);
    return { name, contextTokens: undefined };
  }
}

function named(models: readonly WorkerModel[]): string {
  const names = models.slice(0, SHOWN).map((model) => model.name);
  return [...names, ...(models.length > SHOWN ? ["..."] : [])].join(", ");
}

async function modelsOf(url: string, signal: AbortSignal): Promise<readonly WorkerModel[]> {
  const { status, text } = await listed(url, signal);
  const unfit = (what: string): Problem => unreachable(url, `answers GET /v1/models with ${what}`);
  if (status === 401 || status === 403)
    throw unfit(`${status}: it wants a key, which a configuration names as keyFile`);
  if (status !== 200) throw unfit(String(status));
  const answer = Listed.safeParse(parsed(text));
  if (!answer.success) throw unfit("something that is no list of models");
  return (answer.data.data ?? []).map(({ id, max_model_len: contextTokens }) => ({ name: id, contextTokens }));
}

async function listed(url: string, signal: AbortSignal): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    // Not fetch, which has ports that it does not go to, and workers may have any.
    const { statusCode: status, body } = await request(`${url}/v1/models`, { signal: deadline });
    return { status, text: await body.text() };
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(url, `does not answer (${reasonOf(error)})`, error);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `nothing within ${TIMEOUT_MS / 1000} s`;
  return "code" in error ? String(error.code) : error.message;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreachable(url: string, what: string, cause?: unknown): Problem {
  return new Problem({
    code: "unreachable",
    where: `--worker ${url}`,
    what,
    fix: "start the worker first, or name its model: --worker-model NAME",
    cause,
  });
}
