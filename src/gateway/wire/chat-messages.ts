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

/** What the model said, where it spoke first, and all that came before it speaks again. */
type Round = { readonly spoken: readonly Turn[]; readonly heard: readonly Turn[] };

/** Throws Refusal for what a chat worker cannot be told. */
export function chatMessages(request: JsonObject, options: TurnOptions): JsonObject[] {
  const system = systemText(request["system"]);
  const turns = arrayAt(request["messages"], "messages").map((value, index): Turn => {
    const path = `messages/${index}`;
    const message = objectAt(value, path);
    return { role: stringAt(message["role"], `${path}/role`), content: message["content"], path: `${path}/content` };
  });
  return [
    ...(system === "" ? [] : [{ role: "system", content: system }]),
    ...roundsOf(turns).flatMap((round) => messagesOf(round, options)),
  ];
}

function roundsOf(turns: readonly Turn[]): Round[] {
  const starts = turns.flatMap(({ role }, index) => {
    const isFirst = index === 0 || (role === "assistant" && turns[index - 1]?.role !== "assistant");
    return isFirst ? [index] : [];
  });
  return starts.map((start, nth) => {
    const round = turns.slice(start, starts[nth + 1]);
    const heardAt = round.findIndex(({ role }) => role !== "assistant");
    const end = heardAt === -1 ? round.length : heardAt;
    return { spoken: round.slice(0, end), heard: round.slice(end) };
  });
}

/** The results come right behind the calls, whatever else was said in between: templates know no other order. */
function messagesOf({ spoken, heard }: Round, options: TurnOptions): JsonObject[] {
  checkToolAnswers(spoken, heard);
  const replies = heard.map((turn) => replyOf(turn, options));
  return [
    ...(spoken.length === 0 ? [] : [assistantMessage(spoken, options)]),
    ...replies.flatMap(({ answers }) => answers),
    ...replies.flatMap(({ own }) => own),
  ];
}

type Reply = { readonly answers: readonly JsonObject[]; readonly own: readonly JsonObject[] };

function replyOf(turn: Turn, options: TurnOptions): Reply {
  if (turn.role === "user") return userReply(turn, options);
  if (turn.role !== "system") throw new Refusal("invalid_request_error", `${turn.path}: unknown role ${turn.role}`);
  // Templates take one system message, first: what comes later keeps its place as a marked user message.
  const reminder = textsIn(chatParts(turn.content, turn.path, options)).join("\n");
  return { answers: [], own: [{ role: "user", content: `<system-reminder>\n${reminder}\n</system-reminder>` }] };
}

function userReply(turn: Turn, options: TurnOptions): Reply {
  const blocks = blocksOf(turn);
  const results = blocks.filter((block) => block["type"] === "tool_result");
  const answers = results.map((result) => toolMessage(result, turn.path, options));
  const own = chatParts(
    typeof turn.content === "string" ? turn.content : blocks.filter((block) => block["type"] !== "tool_result"),
    turn.path,
    options,
  );
  const user = [...answers.flatMap((answer) => answer.images), ...own];
  return {
    answers: answers.map((answer) => answer.message),
    own: user.length > 0 || answers.length === 0 ? [{ role: "user", content: chatContent(user) }] : [],
  };
}

/** A tool message holds text only; its images follow in a user message. */
function toolMessage(result: JsonObject, path: string, options: TurnOptions) {
  const parts = chatParts(result["content"] ?? "", `${path}/tool_result`, options);
  const content = `${result["is_error"] === true ? "Error: " : ""}${textsIn(parts).join("\n")}`;
  const message = { role: "tool", tool_call_id: stringAt(result["tool_use_id"], `${path}/tool_use_id`), content };
  return { message, images: parts.filter((part) => part.type === "image_url") };
}

/** Several turns of the model's in a row are one. */
function assistantMessage(turns: readonly Turn[], options: TurnOptions): JsonObject {
  const said = turns.map((turn) => sayingOf(turn, options));
  const texts = said.flatMap((one) => one.texts);
  const calls = said.flatMap((one) => one.calls);
  const thoughts = said.flatMap((one) => one.thoughts);
  return {
    role: "assistant",
    content: texts.length === 0 ? (calls.length > 0 ? null : "") : texts.join(""),
    ...(thoughts.length > 0 ? reasoningFields(thoughts.join("\n")) : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

/** llama.cpp reads the one name, vLLM the other. */
function reasoningFields(thoughts: string): JsonObject {
  return { reasoning_content: thoughts, reasoning: thoughts };
}

function sayingOf(turn: Turn, options: TurnOptions) {
  const blocks = blocksOf(turn);
  refuseOthers(blocks, turn.path);
  return {
    texts: typeof turn.content === "string" ? [turn.content] : textsOf(blocks, "text", "text"),
    calls: blocks.filter((block) => block["type"] === "tool_use").map((block) => toolCall(block, turn.path)),
    thoughts: options.reasoning ? textsOf(blocks.filter(isLocalThinking), "thinking", "thinking") : [],
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

/** Workers answer an orphan call, or a result without one, with a 400 of their own that no client understands. */
function checkToolAnswers(spoken: readonly Turn[], heard: readonly Turn[]): void {
  const answers = heard.flatMap((turn) => idsOf(turn, "tool_result", "tool_use_id"));
  const calls = spoken.flatMap((turn) => idsOf(turn, "tool_use", "id"));
  const missing = calls.find((id) => answers.filter((answer) => answer === id).length !== 1);
  if (missing !== undefined) {
    throw new Refusal(
      "invalid_request_error",
      `${spoken.at(-1)?.path}: tool_use ${missing} should have one tool_result in the next message`,
    );
  }
  const orphan = answers.find((id) => !calls.includes(id));
  if (orphan === undefined) return;
  throw new Refusal("invalid_request_error", `${heard[0]?.path}: tool_result ${orphan} answers no tool_use before it`);
}

function idsOf(turn: Turn, type: string, field: string): string[] {
  if (!Array.isArray(turn.content)) return [];
  return turn.content.flatMap((block: unknown) => {
    const id = isObject(block) && block["type"] === type ? block[field] : undefined;
    return typeof id === "string" ? [id] : [];
  });
}
