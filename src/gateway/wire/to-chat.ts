// An Anthropic Messages request as an OpenAI chat request for a worker (vLLM, Ollama, llama.cpp).
import { arrayAt, isObject, objectAt, stringAt, type JsonObject } from "../json.ts";
import { Refusal } from "../refusal.ts";
import { chatMessages, type TurnOptions } from "./chat-messages.ts";
import { chatToolName } from "./tool-names.ts";

export type ToChatOptions = TurnOptions & {
  readonly model: string;
  /** How the worker is told to think: not at all, through its template, or by effort. */
  readonly thinking: "none" | "template" | "effort";
  /** Workers read top_k; OpenAI's own API refuses it. */
  readonly topK: boolean;
};

/** Fields of a Messages request that `toChat` reads; any other is left out. */
export const READ_FROM_MESSAGES: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "system",
  "max_tokens",
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "stream",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
]);

/** Throws Refusal for what cannot be said in chat form. */
export function toChat(request: JsonObject, options: ToChatOptions): JsonObject {
  return {
    model: options.model,
    messages: chatMessages(request, options),
    ...chatTools(request),
    ...sampling(request, options.topK),
    ...thinking(request, options.thinking),
    ...responseFormat(request["output_config"]),
    // Usage comes with the last chunk only when asked for.
    ...(request["stream"] === true ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}

/** Fields that mean the same on both sides; everything that is Anthropic's alone (metadata, cache_control) stays here. */
function sampling(request: JsonObject, topK: boolean): JsonObject {
  const { max_tokens, temperature, top_p, stop_sequences: stop } = request;
  const asked = { max_tokens, temperature, top_p, ...(topK ? { top_k: request["top_k"] } : {}), stop };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined && value !== null));
}

function chatTools(request: JsonObject): JsonObject {
  const tools = arrayAt(request["tools"] ?? [], "tools").map((tool, index) =>
    chatTool(objectAt(tool, `tools/${index}`), index),
  );
  if (tools.length === 0) return {};
  const choice = isObject(request["tool_choice"]) ? request["tool_choice"] : undefined;
  return {
    tools,
    ...(choice === undefined ? {} : { tool_choice: toolChoice(choice) }),
    ...(choice?.["disable_parallel_tool_use"] === true ? { parallel_tool_calls: false } : {}),
  };
}

/** Only these three fields: anything else in a tool is no part of its JSON schema. */
function chatTool(tool: JsonObject, index: number): JsonObject {
  const type = stringAt(tool["type"] ?? "custom", `tools/${index}/type`);
  if (type !== "custom") {
    throw new Refusal("policy_blocked", `tools/${index}: a local worker cannot run a tool of type ${type}`);
  }
  const name = chatToolName(stringAt(tool["name"], `tools/${index}/name`));
  const description = tool["description"];
  const parameters = objectAt(tool["input_schema"] ?? { type: "object" }, `tools/${index}/input_schema`);
  return {
    type: "function",
    function: { name, ...(typeof description === "string" ? { description } : {}), parameters },
  };
}

function toolChoice(choice: JsonObject): unknown {
  switch (choice["type"]) {
    case "any":
      return "required";
    case "none":
      return "none";
    case "tool":
      return { type: "function", function: { name: chatToolName(stringAt(choice["name"], "tool_choice/name")) } };
    default:
      return "auto";
  }
}

function thinking(request: JsonObject, how: ToChatOptions["thinking"]): JsonObject {
  const asked = isObject(request["thinking"]) ? request["thinking"]["type"] : undefined;
  const effort = isObject(request["output_config"]) ? request["output_config"]["effort"] : undefined;
  if (how === "template" && asked !== undefined) {
    return { chat_template_kwargs: { enable_thinking: asked !== "disabled" } };
  }
  if (how === "effort" && typeof effort === "string" && asked !== "disabled") {
    // xhigh and max are Anthropic's own.
    return { reasoning_effort: ["low", "medium", "high"].includes(effort) ? effort : "high" };
  }
  return {};
}

/** The schema as it is: no `strict`, so that optional properties stay optional. */
function responseFormat(config: unknown): JsonObject {
  const format = isObject(config) ? config["format"] : undefined;
  if (!isObject(format) || format["type"] !== "json_schema") return {};
  return { response_format: { type: "json_schema", json_schema: { name: "answer", schema: format["schema"] } } };
}
