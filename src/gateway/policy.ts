// What a hosted upstream may be sent. An allow-list: what is not known here is refused, in a way that costs the client one
// request. The same walk counts what the price bound needs.
import { arrayAt, isObject, objectAt, type JsonObject } from "./json.ts";
import { Refusal } from "./refusal.ts";

/** What a request holds that bytes alone do not tell. */
export type Survey = {
  readonly blocks: number;
  readonly tools: number;
  readonly images: number;
  readonly documents: number;
  /** Characters of base64, which are no text tokens. */
  readonly mediaChars: number;
};

type Tally = { -readonly [Key in keyof Survey]: Survey[Key] };

/** `reason` is for the log: nothing of the request's. */
export function blocked(path: string, why: string, reason = why): Refusal {
  // The path may hold a field that the client named.
  return new Refusal("policy_blocked", `${path}: ${why}`, {}, { reason });
}

const MESSAGES_KEYS: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "system",
  "max_tokens",
  "metadata",
  "stop_sequences",
  "stream",
  "temperature",
  "top_k",
  "top_p",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
  "output_format",
  "context_management",
  "service_tier",
  "cache_control",
  "inference_geo",
  "speed",
]);

/** Throws Refusal for anything in a Messages request that policy does not know or does not want to leave. */
export function inspectMessages(body: JsonObject, residency: string): Survey {
  checkKeys(body, MESSAGES_KEYS);
  checkPricedOptions(body, residency);
  const tally: Tally = { blocks: 0, tools: 0, images: 0, documents: 0, mediaChars: 0 };
  walkContent(body["system"], "system", tally);
  for (const [index, message] of listAt(body["messages"], "messages").entries()) {
    tally.blocks += 1;
    walkContent(objectAt(message, `messages/${index}`)["content"], `messages/${index}/content`, tally);
  }
  const tools = listAt(body["tools"], "tools");
  for (const [index, tool] of tools.entries()) checkTool(tool, `tools/${index}`);
  tally.tools = tools.length;
  return tally;
}

function checkKeys(body: JsonObject, known: ReadonlySet<string>): void {
  const unknown = Object.keys(body).find((key) => !known.has(key));
  if (unknown === undefined) return;
  throw blocked(unknown, "this field is not let through to a hosted model");
}

/** Everything that changes the price is priced or refused. */
function checkPricedOptions(body: JsonObject, residency: string): void {
  const { speed, service_tier: tier, inference_geo: geo } = body;
  if (!isOneOf(speed, ["standard"])) throw blocked("speed", "only standard is priced");
  if (!isOneOf(tier, ["auto", "standard_only"])) throw blocked("service_tier", "is not priced");
  if (!isOneOf(geo, [residency])) throw blocked("inference_geo", `this route is for ${residency}`);
  const edits = isObject(body["context_management"]) ? body["context_management"]["edits"] : undefined;
  if (Array.isArray(edits) && !edits.every(isClearing))
    throw blocked("context_management", "only clear_* edits are priced");
}

/** `null` is how some clients leave a field out. */
function isOneOf(value: unknown, words: readonly unknown[]): boolean {
  return value === undefined || value === null || words.includes(value);
}

function isClearing(edit: unknown): boolean {
  return isObject(edit) && typeof edit["type"] === "string" && edit["type"].startsWith("clear_");
}

/** Run by the client, or a search over the tools of the request itself; none of them reaches a network from there. */
const CLIENT_TOOLS = /^(custom|bash_\d+|text_editor_\d+|computer_\d+|memory_\d+|tool_search_tool_(regex|bm25)_\d+)$/;

/** Throws Refusal for a tool that others would run. `besides`: a type of the other dialect's that clients run too. */
export function checkTool(tool: unknown, path: string, besides?: "function"): void {
  const type = isObject(tool) ? (tool["type"] ?? "custom") : undefined;
  if (typeof type === "string" && (type === besides || CLIENT_TOOLS.test(type))) return;
  const named = typeof type === "string" ? type.slice(0, 60) : "unknown";
  throw blocked(
    path,
    `a tool of type ${named} would act outside this gateway`,
    "a tool would act outside this gateway",
  );
}

/** The blocks that are known, and where each holds other blocks or bytes; most hold none. */
const PLACES: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["text", []],
  ["thinking", []],
  ["redacted_thinking", []],
  ["tool_use", []],
  ["tool_reference", []],
  ["tool_addition", []],
  ["tool_removal", []],
  ["server_tool_use", []],
  ["tool_search_tool_result", ["content"]],
  ["tool_result", ["content"]],
  ["search_result", ["content", "source"]],
  ["image", ["source"]],
  ["document", ["source"]],
]);

/** What is neither left out nor a list would pass uninspected. */
function listAt(value: unknown, path: string): readonly unknown[] {
  return value === undefined || value === null ? [] : arrayAt(value, path);
}

function walkContent(content: unknown, path: string, tally: Tally): void {
  if (typeof content === "string") return;
  for (const [index, block] of listAt(content, path).entries()) {
    walkBlock(objectAt(block, `${path}/${index}`), `${path}/${index}`, tally);
  }
}

function walkBlock(block: JsonObject, path: string, tally: Tally): void {
  tally.blocks += 1;
  const { type, content, source } = block;
  checkPlaces(block, path);
  if (type === "tool_result") return walkContent(content, `${path}/content`, tally);
  if (type === "search_result") return walkSearchResult(block, path, tally);
  if (type === "tool_addition" || type === "tool_removal") return checkToolChange(block, path);
  if (type === "tool_search_tool_result") return walkToolSearch(content, `${path}/content`, tally);
  if (type === "image" || type === "document") return walkSource(source, `${path}/source`, type, tally);
}

/** Whatever the provider would make of blocks or a source where none belong: nobody looked at them. */
function checkPlaces(block: JsonObject, path: string): void {
  const places = PLACES.get(block["type"]);
  if (places === undefined) throw blocked(path, "a block of this type is not let through");
  const hidden = ["content", "source"].find((key) => block[key] !== undefined && !places.includes(key));
  if (hidden !== undefined) throw blocked(`${path}/${hidden}`, "has no place in a block of this type");
}

/** Its source is a name that the model may cite, and nothing to be fetched. */
function walkSearchResult({ content, source }: JsonObject, path: string, tally: Tally): void {
  if (source !== undefined && typeof source !== "string") throw blocked(`${path}/source`, "should be a string");
  walkContent(content, `${path}/content`, tally);
}

/** Claude Code's word that one of the request's own tools came late, or is gone; it names the tool and brings none. */
function checkToolChange(block: JsonObject, path: string): void {
  const { tool } = block;
  const isReference = isObject(tool) && tool["type"] === "tool_reference" && typeof tool["name"] === "string";
  const isAlone = Object.keys(block).every((key) => ["type", "tool", "cache_control"].includes(key));
  if (isReference && isAlone && Object.keys(tool).length === 2) return;
  throw blocked(path, "only references to tools of the request are let through here");
}

/** What a search over the tools of the request itself answers with, by the SDK's types; beside it nothing is known. */
const TOOL_SEARCH: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["tool_search_tool_result_error", ["type", "error_code", "error_message"]],
  ["tool_search_tool_search_result", ["type", "tool_references"]],
  ["tool_reference", ["type", "tool_name", "cache_control"]],
]);

function walkToolSearch(content: unknown, path: string, tally: Tally): void {
  if (isToolSearch(content, "tool_search_tool_result_error")) return;
  const found = isToolSearch(content, "tool_search_tool_search_result") ? content["tool_references"] : content;
  if (!Array.isArray(found) || !found.every((one) => isToolSearch(one, "tool_reference"))) {
    throw blocked(path, "only references to tools are let through here");
  }
  tally.blocks += found.length;
}

function isToolSearch(value: unknown, type: string): value is JsonObject {
  if (!isObject(value) || value["type"] !== type) return false;
  const known = TOOL_SEARCH.get(type) ?? [];
  return Object.entries(value).every(([key, inner]) => {
    const isNested = typeof inner === "object" && inner !== null;
    return known.includes(key) && (!isNested || key === "tool_references" || key === "cache_control");
  });
}

/** The sources that bring what they are of, and all that may stand in each. */
const INLINE: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["base64", ["type", "media_type", "data"]],
  ["text", ["type", "media_type", "data"]],
  ["content", ["type", "content"]],
]);

/** A URL would be fetched from the other side, a file_id names what this gateway never saw. */
export function isInline(source: JsonObject): boolean {
  const known = INLINE.get(source["type"]);
  if (known === undefined || !Object.keys(source).every((key) => known.includes(key))) return false;
  return [source["data"], source["media_type"]].every((value) => value === undefined || typeof value === "string");
}

function walkSource(source: unknown, path: string, type: "image" | "document", tally: Tally): void {
  if (!isObject(source)) throw blocked(path, "should be an object");
  const { type: kind, data, content } = source;
  if (!isInline(source) || (kind !== "base64" && type === "image"))
    throw blocked(path, "only inline sources are let through");
  if (kind === "content") return walkContent(content, `${path}/content`, tally);
  if (kind === "text") return;
  tally[type === "image" ? "images" : "documents"] += 1;
  tally.mediaChars += typeof data === "string" ? data.length : 0;
}

const CHAT_KEYS: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "stop",
  "stream",
  "stream_options",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "response_format",
  "reasoning_effort",
  "n",
  "seed",
  "frequency_penalty",
  "presence_penalty",
  "logit_bias",
  "user",
  "service_tier",
  "chat_template_kwargs",
  // Embeddings.
  "input",
  "encoding_format",
  "dimensions",
]);

/** The same for a chat or embeddings request to a hosted OpenAI-format upstream. */
export function inspectChat(body: JsonObject): Survey {
  checkKeys(body, CHAT_KEYS);
  const { service_tier: tier, n, chat_template_kwargs: template } = body;
  if (!isOneOf(tier, ["default"])) throw blocked("service_tier", "only default is priced");
  if (!isOneOf(n, [1])) throw blocked("n", "only one choice is priced");
  checkTemplate(template);
  const tally: Tally = { blocks: 0, tools: 0, images: 0, documents: 0, mediaChars: 0 };
  for (const [index, message] of listAt(body["messages"], "messages").entries()) {
    tally.blocks += 1;
    const content = objectAt(message, `messages/${index}`)["content"] ?? "";
    if (typeof content === "string") continue;
    walkParts(arrayAt(content, `messages/${index}/content`), `messages/${index}/content`, tally);
  }
  const tools = listAt(body["tools"], "tools");
  checkFunctions(tools);
  tally.tools = tools.length;
  return tally;
}

/** What the route's own setting puts there, and nothing else: a template may read anything. */
function checkTemplate(template: unknown): void {
  if (template === undefined || template === null) return;
  const isSwitch = isObject(template) && typeof template["enable_thinking"] === "boolean";
  if (isSwitch && Object.keys(template).length === 1) return;
  throw blocked("chat_template_kwargs", "only enable_thinking is let through to a hosted model");
}

function checkFunctions(tools: readonly unknown[]): void {
  if (tools.every((tool) => isObject(tool) && tool["type"] === "function")) return;
  throw blocked("tools", "only functions are let through");
}

/** Before a chat request is put into the other dialect for a hosted upstream: what is on no list would be gone without a word. */
export function inspectUntranslated(body: JsonObject): void {
  checkKeys(withoutStore(body), CHAT_KEYS);
  checkFunctions(listAt(body["tools"], "tools"));
}

/**
 * Two fields that OpenAI clients send by habit may be gone without harm to anybody: labels for a store of the provider's own,
 * and the wish that it store nothing. Throws Refusal when it should store something.
 */
export function withoutStore(body: JsonObject): JsonObject {
  const { metadata: _, store, ...rest } = body;
  if (!isOneOf(store, [false])) throw blocked("store", "nothing is kept at a provider");
  return rest;
}

function walkParts(parts: readonly unknown[], path: string, tally: Tally): void {
  for (const [index, part] of parts.entries()) {
    tally.blocks += 1;
    const type = isObject(part) ? part["type"] : undefined;
    if (type === "text" || type === "refusal") continue;
    const url = isObject(part) && isObject(part["image_url"]) ? part["image_url"]["url"] : undefined;
    if (type !== "image_url" || typeof url !== "string" || !url.startsWith("data:")) {
      throw blocked(`${path}/${index}`, "only text and inline images are let through");
    }
    tally.images += 1;
    tally.mediaChars += url.length;
  }
}
