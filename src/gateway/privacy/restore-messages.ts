// Values back into an Anthropic answer, whole or as events. Thinking passes as it is: it is signed.
import { isObject, stringOr, type JsonObject } from "../json.ts";
import type { Restorer } from "./restorer.ts";
import { restoredInput, restoredText, textRestorer, ToolArguments, type Returning } from "./tool-arguments.ts";

export function restoredMessage(answer: JsonObject, returning: Returning): JsonObject {
  const { content } = answer;
  if (!Array.isArray(content)) return answer;
  return {
    ...withStop(answer, returning),
    content: content.map((block: unknown) => (isObject(block) ? restoredBlock(block, returning) : block)),
  };
}

function restoredBlock(block: JsonObject, returning: Returning): JsonObject {
  const { type, text, name, input, citations } = block;
  if (type === "thinking" || type === "redacted_thinking") return block;
  if (isObject(input)) {
    const tool = restoredText(stringOr(name, ""), returning);
    return { ...block, name: tool, input: restoredInput(input, tool, returning) };
  }
  if (typeof text !== "string") return block;
  const cited = Array.isArray(citations) ? { citations: citations.map((one: unknown) => cite(one, returning)) } : {};
  return { ...block, text: restoredText(text, returning), ...cited };
}

function cite(citation: unknown, returning: Returning): unknown {
  if (!isObject(citation)) return citation;
  if ("start_char_index" in citation)
    return { ...restoredStrings(citation, returning), ...counted(citation, returning) };
  return restoredStrings(citation, returning);
}

/** What is cited is what stands in the client's own document, at the place that it is given. */
function counted(citation: JsonObject, { citations }: Returning): JsonObject {
  const { cited_text, start_char_index, end_char_index } = citations.returned(citation);
  return { cited_text, start_char_index, end_char_index };
}

function restoredStrings(citation: JsonObject, returning: Returning): JsonObject {
  return Object.fromEntries(
    Object.entries(citation).map(([key, value]) => [
      key,
      typeof value === "string" ? restoredText(value, returning) : value,
    ]),
  );
}

function withStop(holder: JsonObject, returning: Returning): JsonObject {
  const stop = holder["stop_sequence"];
  return typeof stop === "string" ? { ...holder, stop_sequence: restoredText(stop, returning) } : holder;
}

type Open = { readonly restorer: Restorer | ToolArguments; readonly delta: (text: string) => JsonObject };

/** The events of one answer. Each block has its own restorer: blocks do not share text. */
export class MessagesEvents {
  readonly #returning: Returning;
  readonly #open = new Map<unknown, Open>();

  constructor(returning: Returning) {
    this.#returning = returning;
  }

  /** What takes the event's place; the same event when nothing changes. */
  push(event: JsonObject): readonly JsonObject[] {
    switch (event["type"]) {
      case "content_block_start":
        return [this.#start(event)];
      case "content_block_delta":
        return this.#delta(event);
      case "content_block_stop":
        return [...this.#flush(event["index"], true), event];
      case "message_delta":
        return [isObject(event["delta"]) ? { ...event, delta: withStop(event["delta"], this.#returning) } : event];
      default:
        return [event];
    }
  }

  #start(event: JsonObject): JsonObject {
    const block = event["content_block"];
    if (!isObject(block)) return event;
    const { index } = event;
    if (block["type"] === "text") {
      const restorer = textRestorer(this.#returning);
      this.#open.set(index, { restorer, delta: (text) => ({ type: "text_delta", text }) });
      const text = restorer.push(stringOr(block["text"], ""));
      return text === block["text"] ? event : { ...event, content_block: { ...block, text } };
    }
    if (typeof block["name"] !== "string") return event;
    const name = restoredText(block["name"], this.#returning);
    const restorer = new ToolArguments(name, this.#returning);
    this.#open.set(index, { restorer, delta: (text) => ({ type: "input_json_delta", partial_json: text }) });
    const input = isObject(block["input"]) ? restoredInput(block["input"], name, this.#returning) : block["input"];
    return { ...event, content_block: { ...block, name, input } };
  }

  #delta(event: JsonObject): readonly JsonObject[] {
    const { delta, index } = event;
    if (!isObject(delta)) return [event];
    if (delta["type"] === "citations_delta") {
      const citation = cite(delta["citation"], this.#returning);
      return [...this.#flush(index, false), { ...event, delta: { ...delta, citation } }];
    }
    const open = this.#open.get(index);
    const piece = delta["type"] === "text_delta" ? delta["text"] : delta["partial_json"];
    if (open === undefined || typeof piece !== "string") return [event];
    const text = open.restorer.push(piece);
    if (text === piece) return [event];
    return text === "" ? [] : [{ ...event, delta: open.delta(text) }];
  }

  #flush(index: unknown, isLast: boolean): JsonObject[] {
    const open = this.#open.get(index);
    if (open === undefined) return [];
    if (isLast) this.#open.delete(index);
    const text = open.restorer.end();
    return text === "" ? [] : [{ type: "content_block_delta", index, delta: open.delta(text) }];
  }
}
