// An Anthropic message as a chat completion.
import { isObject, stringOr, type JsonObject } from "../json.ts";
import { plainRefusal } from "../refusal.ts";
import { finishFromMessages } from "./stop-reasons.ts";
import { chatUsage, usageFromMessages } from "./usage.ts";

export type FromMessagesContext = {
  readonly id: string;
  /** The alias that the client asked for. */
  readonly model: string;
  /** Seconds since the epoch. */
  readonly created: number;
};

/** Throws Refusal when the answer is not a message. */
export function fromMessages(answer: JsonObject, context: FromMessagesContext): JsonObject {
  const content = answer["content"];
  if (!Array.isArray(content)) throw plainRefusal("api_error", "the upstream's answer is no message");
  const blocks = content.filter(isObject);
  const usage = usageFromMessages(answer["usage"]);
  return {
    id: `chatcmpl-${context.id}`,
    object: "chat.completion",
    created: context.created,
    model: context.model,
    choices: [
      {
        index: 0,
        message: messageOf(blocks),
        finish_reason: finishFromMessages(answer["stop_reason"]),
        logprobs: null,
      },
    ],
    ...(usage === undefined ? {} : { usage: chatUsage(usage) }),
  };
}

function messageOf(blocks: readonly JsonObject[]): JsonObject {
  const texts = blocks.filter((block) => block["type"] === "text").map((block) => stringOr(block["text"], ""));
  const thoughts = blocks
    .filter((block) => block["type"] === "thinking")
    .map((block) => stringOr(block["thinking"], ""));
  const calls = blocks.filter((block) => block["type"] === "tool_use").map(toolCall);
  return {
    role: "assistant",
    content: texts.length === 0 ? null : texts.join(""),
    refusal: null,
    ...(thoughts.length > 0 ? { reasoning_content: thoughts.join("\n") } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

function toolCall(block: JsonObject): JsonObject {
  const written = { name: block["name"], arguments: JSON.stringify(block["input"] ?? {}) };
  return { id: block["id"], type: "function", function: written };
}
