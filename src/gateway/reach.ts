// What no model is asked to do, wherever it runs: fetch from a network, or work with what is kept out of this gateway's sight.
// A worker of one's own is no exception: vLLM fetches every URL that a message names, from inside the estate.
import { isObject, type JsonObject } from "./json.ts";
import { blocked, checkTool, isInline } from "./policy.ts";

/**
 * Fields that make a provider act elsewhere, and a worker connect to an address that the client names, or run what it sends
 * (vLLM's and SGLang's).
 */
const ACTING: ReadonlySet<string> = new Set([
  "mcp_servers",
  "container",
  "web_search_options",
  "kv_transfer_params",
  "ec_transfer_params",
  "vllm_xargs",
  "custom_logit_processor",
  "bootstrap_host",
  "bootstrap_port",
  "bootstrap_room",
]);

/** Throws Refusal for what a request to a local worker would reach beyond that worker. */
export function refuseReach(asked: JsonObject): void {
  const acting = Object.keys(asked).find((key) => ACTING.has(key) && isAsked(asked[key]));
  if (acting !== undefined) throw blocked(acting, "would act outside this gateway");
  for (const [index, tool] of listOf(asked["tools"]).entries()) checkTool(tool, `tools/${index}`, "function");
  checkInput(asked["input"], "input");
  checkContent(asked["system"], "system");
  for (const [index, message] of listOf(asked["messages"]).entries()) {
    if (isObject(message)) checkContent(message["content"], `messages/${index}/content`);
  }
}

/** Claude Code's SDKs send empty lists by habit. */
function isAsked(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Of embeddings: texts, or tokens. SGLang takes objects too, with images to be fetched. */
function checkInput(input: unknown, path: string): void {
  if (Array.isArray(input)) for (const [index, one] of input.entries()) checkInput(one, `${path}/${index}`);
  else if (typeof input === "object" && input !== null) throw blocked(path, "should be text or tokens");
}

/** Blocks hold blocks under these two names; everything else in them is data. */
function checkContent(content: unknown, path: string): void {
  // One block without a list is none of the API's, but who knows what a worker takes.
  if (isObject(content)) checkBlock(content, path);
  for (const [index, block] of listOf(content).entries()) {
    if (isObject(block)) checkBlock(block, `${path}/${index}`);
  }
}

/** image_url, and what vLLM and SGLang take beside it: without a type too, as a string too, and as a path of the worker's own. */
const FETCHED = /^(.*_url|url|image|video|audio|input_audio|file|file_data)$/;

function checkBlock(block: JsonObject, path: string): void {
  checkContent(block["content"], `${path}/content`);
  const { source, file, file_id: id } = block;
  if (isObject(source)) checkSource(source, `${path}/source`);
  if (id !== undefined && id !== null) throw blocked(`${path}/file_id`, "names what this gateway never saw");
  if (isObject(file) && typeof file["file_id"] === "string") {
    throw blocked(`${path}/file/file_id`, "names what this gateway never saw");
  }
  for (const [key, value] of Object.entries(block)) {
    if (FETCHED.test(key)) checkUrl(isObject(value) ? (value["url"] ?? value["file_data"]) : value, `${path}/${key}`);
  }
}

function checkSource(source: JsonObject, path: string): void {
  if (!isInline(source)) throw blocked(path, "only inline sources are let through");
  checkContent(source["content"], `${path}/content`);
}

function checkUrl(url: unknown, path: string): void {
  if (url === undefined || url === null) return;
  if (typeof url === "string" && /^data:/i.test(url)) return;
  throw blocked(path, "is taken as a data: URL only, nothing is fetched");
}
