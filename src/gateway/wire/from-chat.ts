// A worker's chat completion as an Anthropic message.
import { isObject, stringOr, type JsonObject } from "../json.ts";
import { plainRefusal } from "../refusal.ts";
import { reasoningOf, saidIn } from "../said.ts";
import { localSignature } from "./provenance.ts";
import { stopFromChat } from "./stop-reasons.ts";
import type { ToolNames } from "./tool-names.ts";
import { messagesUsage, usageFromChat, type Usage } from "./usage.ts";

export type FromChatContext = {
  /** Unique per answer; tool ids are made from it, since workers repeat or omit theirs. */
  readonly id: string;
  /** The alias that the client asked for. */
  readonly model: string;
  readonly names: ToolNames;
  readonly stopSequences: readonly string[];
  /** What is told when the worker counts nothing. */
  readonly estimate: Usage;
};

/** Throws Refusal when the answer is not a chat completion. */
export function fromChat(answer: JsonObject, context: FromChatContext): JsonObject {
  const choices = answer["choices"];
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const message = isObject(choice) ? choice["message"] : undefined;
  if (!isObject(choice) || !isObject(message)) {
    throw plainRefusal("api_error", "the upstream's answer is no chat completion");
  }
  const calls = callsOf(message).map((call, index) =>
    toolUse(call, `${toolIdStem(context.id)}${index}`, context.names),
  );
  const content = [...thinkingOf(message), ...textOf(message), ...calls];
  return {
    id: `msg_${context.id}`,
    type: "message",
    role: "assistant",
    model: context.model,
    content,
    ...stopFromChat(choice, calls.length > 0, context.stopSequences),
    usage: messagesUsage(usageFromChat(answer["usage"]) ?? { ...context.estimate, output: tokensIn(content) }),
  };
}

/** A guess, where the worker counts nothing. */
function tokensIn(content: readonly JsonObject[]): number {
  const written = content.map(({ text, thinking, input }) =>
    stringOr(text, stringOr(thinking, JSON.stringify(input) ?? "")),
  );
  return Math.ceil(written.join("").length / CHARS_PER_TOKEN);
}

/** Of English prose; only for estimates. */
export const CHARS_PER_TOKEN = 4;

export function toolIdStem(id: string): string {
  return `toolu_${id}_`;
}

function thinkingOf(message: JsonObject): JsonObject[] {
  const thinking = reasoningOf(message);
  return thinking === "" ? [] : [{ type: "thinking", thinking, signature: localSignature }];
}

function textOf(message: JsonObject): JsonObject[] {
  const text = saidIn(message);
  return text === "" ? [] : [{ type: "text", text }];
}

function callsOf(message: JsonObject): JsonObject[] {
  const calls = message["tool_calls"];
  return Array.isArray(calls) ? calls.filter(isObject) : [];
}

function toolUse(call: JsonObject, id: string, names: ToolNames): JsonObject {
  const called = isObject(call["function"]) ? call["function"] : {};
  const name = stringOr(called["name"], "");
  return { type: "tool_use", id, name: names.get(name) ?? name, input: toolInput(called["arguments"]) };
}

/** Arguments that are no JSON object are not mended: the client's own check must see what the model wrote. */
function toolInput(written: unknown): unknown {
  if (isObject(written)) return written;
  const text = stringOr(written, "");
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : { invalid_arguments: text };
  } catch {
    return { invalid_arguments: text };
  }
}
