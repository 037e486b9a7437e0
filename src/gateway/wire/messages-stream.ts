// An Anthropic event stream as chat chunks. State lives for one answer only.
import { isObject, stringOr, type JsonObject } from "../json.ts";
import type { FromMessagesContext } from "./from-messages.ts";
import { finishFromMessages } from "./stop-reasons.ts";
import { chatUsage, mergeUsage, usageFromMessages, type Usage } from "./usage.ts";

export class MessagesStream {
  readonly #context: FromMessagesContext;
  readonly #withUsage: boolean;
  #usage: JsonObject | undefined;
  /** Counts tool blocks: the chat side's index is not the block's. */
  #tools = -1;
  /** The arguments that an open call's start brought, until pieces of them come; undefined when none is open. */
  #bare: string | undefined;
  #isFinished = false;
  #isCounted = false;

  constructor(context: FromMessagesContext, options: { readonly withUsage: boolean }) {
    this.#context = context;
    this.#withUsage = options.withUsage;
  }

  push(event: JsonObject): JsonObject[] {
    switch (event["type"]) {
      case "message_start":
        this.#usage = mergeUsage({}, isObject(event["message"]) ? event["message"]["usage"] : undefined);
        return [this.#delta({ role: "assistant", content: "" })];
      case "content_block_start":
        return this.#blockStart(event["content_block"]);
      case "content_block_delta":
        return this.#blockDelta(event["delta"]);
      case "content_block_stop":
        return this.#blockStop();
      case "message_delta":
        return this.#messageDelta(event);
      case "message_stop":
        this.#isFinished = true;
        return this.#usageChunk();
      default:
        return [];
    }
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Only with the last event: what stands in the first is no final count. */
  get usage(): Usage | undefined {
    return this.#isCounted ? usageFromMessages(this.#usage) : undefined;
  }

  #blockStart(block: unknown): JsonObject[] {
    if (!isObject(block)) return [];
    if (block["type"] === "text" && stringOr(block["text"], "") !== "")
      return [this.#delta({ content: block["text"] })];
    if (block["type"] !== "tool_use") return [];
    this.#tools += 1;
    this.#bare = JSON.stringify(isObject(block["input"]) ? block["input"] : {});
    const called = { name: block["name"], arguments: "" };
    return [this.#delta({ tool_calls: [{ index: this.#tools, id: block["id"], type: "function", function: called }] })];
  }

  #blockDelta(delta: unknown): JsonObject[] {
    if (!isObject(delta)) return [];
    switch (delta["type"]) {
      case "text_delta":
        return [this.#delta({ content: delta["text"] })];
      case "thinking_delta":
        return [this.#delta({ reasoning_content: delta["thinking"] })];
      case "input_json_delta":
        return stringOr(delta["partial_json"], "") === "" ? [] : [this.#arguments(delta["partial_json"])];
      default:
        return [];
    }
  }

  /** OpenAI's clients parse what they have gathered: nothing at all is no JSON. */
  #blockStop(): JsonObject[] {
    return this.#bare === undefined ? [] : [this.#arguments(this.#bare)];
  }

  #arguments(text: unknown): JsonObject {
    this.#bare = undefined;
    return this.#delta({ tool_calls: [{ index: this.#tools, function: { arguments: text } }] });
  }

  #messageDelta(event: JsonObject): JsonObject[] {
    this.#usage = mergeUsage(this.#usage, event["usage"]);
    this.#isCounted = isObject(event["usage"]);
    const reason = isObject(event["delta"]) ? event["delta"]["stop_reason"] : undefined;
    return typeof reason === "string" ? [this.#delta({}, finishFromMessages(reason))] : [];
  }

  #usageChunk(): JsonObject[] {
    const { usage } = this;
    return this.#withUsage && usage !== undefined ? [{ ...this.#chunk([]), usage: chatUsage(usage) }] : [];
  }

  #delta(delta: JsonObject, finish: string | null = null): JsonObject {
    return this.#chunk([{ index: 0, delta, finish_reason: finish }]);
  }

  #chunk(choices: readonly JsonObject[]): JsonObject {
    const { id, created, model } = this.#context;
    return { id: `chatcmpl-${id}`, object: "chat.completion.chunk", created, model, choices };
  }
}
