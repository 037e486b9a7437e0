// The turns of a Messages request as chat messages: one system message first, tool results before the user's own text,
// every tool call with exactly one answer.
import { arrayAt, isObject, objectAt, stringAt, type JsonObject, wordOf } from "../json.ts";
import { Refusal } from "../refusal.ts";
import { chatContent, chatParts, systemText, textsIn, type ChatAbilities } from "./chat-content.ts";
import { isLocalThinking } from "./provenance.ts";
import { chatToolName } from "./tool-names.ts";

export type TurnOptions = ChatAbilities & {
  /** Give a local model its own earlier thinking back as `reasoning_content`. */
  readonly reasoning: boolean;
};

type Turn = { readonly role: string; readonly content: unknown; readonly path: string };

/** Throws Refusal for what a chat worker cannot be told. */
export function chatMessages(request: JsonObject, options: TurnOptions): JsonObject[] {
  const system = systemText(request["system"]);
  const turns = arrayAt(request["messages"], "messages").map((value, index): Turn => {
    const path = `messages/${index}`;
    const message = objectAt(value, path);
    return { role: stringAt(message["role"], `${path}/role`), content: message["content"], path: `${path}/content` };
  });
  checkToolAnswers(turns);
  return [
    ...(system === "" ? [] : [{ role: "system", content: system }]),
    ...turns.flatMap((turn) => messagesOf(turn, options)),
  ];
}

function messagesOf(turn: Turn, options: TurnOptions): JsonObject[] {
  switch (turn.role) {
    case "user":
      return userMessages(turn, options);
    case "assistant":
      return [assistantMessage(turn, options)];
    case "system": {
      // Templates take one system message, first: what comes later keeps its place as a marked user message.
      const reminder = textsIn(chatParts(turn.content, turn.path, options)).join("\n");
      return [{ role: "user", content: `<system-reminder>\n${reminder}\n</system-reminder>` }];
    }
    default:
      throw new Refusal("invalid_request_error", `${turn.path}: unknown role ${turn.role}`);
  }
}

function userMessages(turn: Turn, options: TurnOptions): JsonObject[] {
  const blocks = blocksOf(turn);
  const results = blocks.filter((block) => block["type"] === "tool_result");
  const answers = results.map((result) => toolMessage(result, turn.path, options));
  const own = chatParts(
    typeof turn.content === "string" ? turn.content : blocks.filter((block) => block["type"] !== "tool_result"),
    turn.path,
    options,
  );
  const user = [...answers.flatMap((answer) => answer.images), ...own];
  return [
    ...answers.map((answer) => answer.message),
    ...(user.length > 0 || answers.length === 0 ? [{ role: "user", content: chatContent(user) }] : []),
  ];
}

/** A tool message holds text only; its images follow in a user message. */
function toolMessage(result: JsonObject, path: string, options: TurnOptions) {
  const parts = chatParts(result["content"] ?? "", `${path}/tool_result`, options);
  const content = `${result["is_error"] === true ? "Error: " : ""}${textsIn(parts).join("\n")}`;
  const message = { role: "tool", tool_call_id: stringAt(result["tool_use_id"], `${path}/tool_use_id`), content };
  return { message, images: parts.filter((part) => part.type === "image_url") };
}

function assistantMessage(turn: Turn, options: TurnOptions): JsonObject {
  const blocks = blocksOf(turn);
  const texts = typeof turn.content === "string" ? [turn.content] : textsOf(blocks, "text", "text");
  const calls = blocks.filter((block) => block["type"] === "tool_use").map((block) => toolCall(block, turn.path));
  const thoughts = options.reasoning ? textsOf(blocks.filter(isLocalThinking), "thinking", "thinking") : [];
  refuseOthers(blocks, turn.path);
  return {
    role: "assistant",
    content: texts.length === 0 ? (calls.length > 0 ? null : "") : texts.join(""),
    ...(thoughts.length > 0 ? { reasoning_content: thoughts.join("\n") } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

const ASSISTANT_BLOCKS: ReadonlySet<unknown> = new Set(["text", "tool_use", "thinking", "redacted_thinking"]);

function refuseOthers(blocks: readonly JsonObject[], path: string): void {
  const other = blocks.find((block) => !ASSISTANT_BLOCKS.has(block["type"]));
  if (other === undefined) return;
  throw new Refusal("policy_blocked", `${path}: a local worker cannot take a block of type ${wordOf(other["type"])}`);
}

function toolCall(block: JsonObject, path: string): JsonObject {
  const name = chatToolName(stringAt(block["name"], `${path}/name`));
  const id = stringAt(block["id"], `${path}/id`);
  return { id, type: "function", function: { name, arguments: JSON.stringify(block["input"] ?? {}) } };
}

function textsOf(blocks: readonly JsonObject[], type: string, field: string): string[] {
  return blocks.flatMap((block) => {
    const value = block["type"] === type ? block[field] : undefined;
    return typeof value === "string" && value !== "" ? [value] : [];
  });
}

function blocksOf(turn: Turn): JsonObject[] {
  if (typeof turn.content === "string") return [];
  return arrayAt(turn.content, turn.path).map((block, index) => objectAt(block, `${turn.path}/${index}`));
}

/** Workers answer an orphan call with a 400 of their own that no client understands. */
function checkToolAnswers(turns: readonly Turn[]): void {
  for (const [index, turn] of turns.entries()) {
    if (turn.role !== "assistant") continue;
    const calls = idsOf(turn, "tool_use", "id");
    if (calls.length === 0) continue;
    const next = turns.slice(index + 1).find(({ role }) => role !== "system");
    const answers = next === undefined ? [] : idsOf(next, "tool_result", "tool_use_id");
    const missing = calls.find((id) => answers.filter((answer) => answer === id).length !== 1);
    if (missing === undefined) continue;
    throw new Refusal(
      "invalid_request_error",
      `${turn.path}: tool_use ${missing} should have one tool_result in the next message`,
    );
  }
}

function idsOf(turn: Turn, type: string, field: string): string[] {
  if (!Array.isArray(turn.content)) return [];
  return turn.content.flatMap((block: unknown) => {
    const id = isObject(block) && block["type"] === type ? block[field] : undefined;
    return typeof id === "string" ? [id] : [];
  });
}
