// An OpenAI chat request as an Anthropic Messages request.
import { arrayAt, isCount, isObject, objectAt, stringAt, stringOr, type JsonObject } from "../json.ts";
import { plainRefusal } from "../refusal.ts";
import { messageBlocks } from "./message-blocks.ts";

export type ToMessagesOptions = {
  readonly model: string;
  /** `max_tokens` is required on this side; a chat client may leave it out. */
  readonly maxTokens: number;
};

/** Fields of a chat request that `toMessages` reads; any other is left out. */
export const READ_FROM_CHAT: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "max_tokens",
  "max_completion_tokens",
  "n",
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
]);

/** Throws Refusal for what cannot be said in Messages form. */
export function toMessages(request: JsonObject, options: ToMessagesOptions): JsonObject {
  if (request["n"] !== undefined && request["n"] !== null && request["n"] !== 1) {
    throw plainRefusal("invalid_request_error", "n: only one choice can be had from this model");
  }
  const turns = arrayAt(request["messages"], "messages").map((value, index) => objectAt(value, `messages/${index}`));
  const system = turns
    .filter(isSystem)
    .map((turn) => textOf(turn["content"]))
    .filter((text) => text !== "");
  const asked = request["max_completion_tokens"] ?? request["max_tokens"] ?? options.maxTokens;
  if (!isCount(asked) || asked < 1) {
    throw plainRefusal("invalid_request_error", "max_tokens: should be a whole number above 0");
  }
  return {
    model: options.model,
    max_tokens: asked,
    messages: mergeTurns(turns),
    ...(system.length > 0 ? { system: system.join("\n\n") } : {}),
    ...messageTools(request),
    ...sampling(request),
    ...outputConfig(request),
    ...(request["stream"] === true ? { stream: true } : {}),
  };
}

function isSystem(turn: JsonObject): boolean {
  return turn["role"] === "system" || turn["role"] === "developer";
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return arrayAt(content ?? [], "messages/content")
    .map((part) => (isObject(part) ? stringOr(part["text"], "") : ""))
    .join("");
}

/** Turns of one role in a row become one; tool messages belong to the user's turn. */
function mergeTurns(turns: readonly JsonObject[]): JsonObject[] {
  const merged: { role: string; content: JsonObject[] }[] = [];
  for (const [index, turn] of turns.entries()) {
    if (isSystem(turn)) continue;
    const role = turn["role"] === "assistant" ? "assistant" : "user";
    const content = messageBlocks(turn, `messages/${index}`);
    const last = merged.at(-1);
    if (last?.role === role) last.content.push(...content);
    else if (content.length > 0) merged.push({ role, content });
  }
  return merged;
}

function messageTools(request: JsonObject): JsonObject {
  const tools = arrayAt(request["tools"] ?? [], "tools").map((value, index) => {
    const tool = objectAt(value, `tools/${index}`);
    const called = objectAt(tool["function"], `tools/${index}/function`);
    const { description } = called;
    return {
      name: stringAt(called["name"], `tools/${index}/function/name`),
      ...(typeof description === "string" ? { description } : {}),
      input_schema: called["parameters"] ?? { type: "object" },
    };
  });
  if (tools.length === 0) return {};
  const choice = toolChoice(request["tool_choice"], request["parallel_tool_calls"] === false);
  return { tools, ...(choice === undefined ? {} : { tool_choice: choice }) };
}

function toolChoice(choice: unknown, isSerial: boolean): JsonObject | undefined {
  const serial = isSerial ? { disable_parallel_tool_use: true } : {};
  if (isObject(choice) && isObject(choice["function"]))
    return { type: "tool", name: choice["function"]["name"], ...serial };
  if (choice === "none") return { type: "none" };
  if (choice === "required") return { type: "any", ...serial };
  if (choice === "auto" || choice === undefined || choice === null) {
    return choice === "auto" || isSerial ? { type: "auto", ...serial } : undefined;
  }
  throw plainRefusal("invalid_request_error", "tool_choice: this model takes auto, none, required or one function");
}

function sampling(request: JsonObject): JsonObject {
  const { temperature, top_p, stop } = request;
  const sequences = typeof stop === "string" ? [stop] : stop;
  return Object.fromEntries(
    Object.entries({
      // OpenAI's scale ends at 2, Anthropic's at 1.
      temperature: typeof temperature === "number" ? Math.min(1, temperature) : undefined,
      top_p,
      stop_sequences: Array.isArray(sequences) && sequences.length > 0 ? sequences : undefined,
    }).filter(([, value]) => value !== undefined && value !== null),
  );
}

function outputConfig(request: JsonObject): JsonObject {
  const effort = request["reasoning_effort"];
  const format = isObject(request["response_format"]) ? request["response_format"] : {};
  const schema = isObject(format["json_schema"]) ? format["json_schema"]["schema"] : undefined;
  if (format["type"] === "json_object") {
    throw plainRefusal(
      "invalid_request_error",
      "response_format: json_object cannot be had from this model, give a json_schema",
    );
  }
  const config = {
    ...(typeof effort === "string" && ["low", "medium", "high"].includes(effort) ? { effort } : {}),
    ...(schema === undefined ? {} : { format: { type: "json_schema", schema } }),
  };
  return Object.keys(config).length > 0 ? { output_config: config } : {};
}
