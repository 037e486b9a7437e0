// From a client's request to the upstream's: passed on in the same dialect or put into the other one, together with the
// rewriter that will bring the answer back.
import { randomUUID } from "node:crypto";
import type { Operation } from "./endpoints.ts";
import { ChatToMessages, MessagesToChat, WholeAnswer } from "./translated.ts";
import { isObject, stringOr, type JsonObject } from "./json.ts";
import type { LiveRoute } from "./load-config.ts";
import { PassedChatStream, PassedMessagesStream } from "./passed.ts";
import { inspectMessages, inspectUntranslated } from "./policy.ts";
import { refuseReach } from "./reach.ts";
import { cannot, plainRefusal } from "./refusal.ts";
import type { Rewriter } from "./rewriter.ts";
import { base64Embeddings } from "./wire/embeddings.ts";
import { fromChat } from "./wire/from-chat.ts";
import { fromMessages } from "./wire/from-messages.ts";
import { leftOut } from "./wire/left-out.ts";
import { READ_FROM_MESSAGES, toChat } from "./wire/to-chat.ts";
import { READ_FROM_CHAT, toMessages } from "./wire/to-messages.ts";
import { toolNames } from "./wire/tool-names.ts";
import { usageFromChat, usageFromEmbeddings, usageFromMessages, type Usage } from "./wire/usage.ts";

/** What goes to the upstream, and how its answer is read. */
export type Crossing = {
  readonly operation: Operation;
  readonly body: JsonObject;
  readonly rewriter: Rewriter;
  /** Fields of the client's that the upstream's dialect has no word for. */
  readonly leftOut: readonly string[];
};

export type CrossingOptions = {
  readonly operation: Operation;
  readonly route: LiveRoute;
  readonly now: number;
  /** Most output tokens to ask for where the client names no number. */
  readonly maxTokens: number;
  /** Local guess at the input's tokens, for workers that count nothing. */
  readonly inputEstimate: number;
};

/** Throws Refusal when the request cannot be said in the upstream's dialect. */
export function cross(asked: JsonObject, options: CrossingOptions): Crossing {
  const { operation, route } = options;
  // Claude Code's auto mode would believe in a guard that nobody runs; an error that names it lets it go on without.
  if (asked["safeguards"] !== undefined) throw plainRefusal("invalid_request_error", "safeguards: not supported");
  if (route.residency === "local") refuseReach(asked);
  if (operation === "embeddings" && route.dialect === "anthropic") {
    throw plainRefusal("not_supported", "this model makes no embeddings");
  }
  if (operation === "messages" && route.dialect === "openai") return messagesOverChat(asked, options);
  if (operation === "chat" && route.dialect === "anthropic") return chatOverMessages(asked, options);
  const body = { ...asked, model: route.model };
  return { operation, body, rewriter: passed(asked, options), leftOut: leftAtHome(asked, options) };
}

/** What is taken out on the way to a hosted chat model, though it is the client's own dialect. */
function leftAtHome(asked: JsonObject, { operation, route }: CrossingOptions): string[] {
  const isKept = operation !== "chat" || route.residency === "local" || asked["metadata"] === undefined;
  return isKept ? [] : ["metadata"];
}

function passed(asked: JsonObject, { operation, route }: CrossingOptions): Rewriter {
  const isStream = asked["stream"] === true;
  if (operation === "messages") {
    const isPinged = route.residency === "local";
    return isStream ? new PassedMessagesStream({ isPinged }) : new WholeAnswer(usageOfMessage);
  }
  if (operation === "chat") return isStream ? new PassedChatStream(wantsUsage(asked)) : new WholeAnswer(usageOfChat);
  if (operation === "count_tokens") return new WholeAnswer(noUsage);
  return new WholeAnswer(usageOfEmbeddings, asked["encoding_format"] === "base64" ? base64Embeddings : undefined);
}

/** OpenAI's own API has no word for this one. */
const READ_BY_OPENAI = new Set([...READ_FROM_MESSAGES].filter((name) => name !== "top_k"));

function messagesOverChat(asked: JsonObject, { route, inputEstimate }: CrossingOptions): Crossing {
  const isLocal = route.residency === "local";
  if (!isLocal) inspectMessages(asked, route.residency);
  const context = {
    id: randomUUID().replaceAll("-", ""),
    model: route.alias,
    names: toolNames(namesOf(asked["tools"])),
    stopSequences: Array.isArray(asked["stop_sequences"]) ? asked["stop_sequences"].filter(isString) : [],
    estimate: { input: inputEstimate, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0 },
  };
  const body = fitContext(toChat(asked, { ...route.worker, model: route.model, topK: isLocal }), route, inputEstimate);
  const rewriter =
    asked["stream"] === true
      ? new ChatToMessages(context)
      : new WholeAnswer(usageOfChat, (answer) => fromChat(answer, context));
  return { operation: "chat", body, rewriter, leftOut: leftOut(asked, isLocal ? READ_FROM_MESSAGES : READ_BY_OPENAI) };
}

/** Claude Code asks for 32,000 tokens and more; a worker refuses what its context cannot hold. */
function fitContext(body: JsonObject, route: LiveRoute, inputEstimate: number): JsonObject {
  const { contextTokens } = route.worker;
  const asked = body["max_tokens"];
  if (contextTokens === undefined || typeof asked !== "number") return body;
  const left = contextTokens - inputEstimate;
  // An answer of one token would help nobody; told so, Claude Code makes its prompt shorter.
  if (left < 1) throw cannot("prompt_too_long", `the prompt does not fit the model's ${contextTokens} tokens`);
  return { ...body, max_tokens: Math.min(asked, left) };
}

function chatOverMessages(asked: JsonObject, { route, now, maxTokens }: CrossingOptions): Crossing {
  if (route.residency !== "local") inspectUntranslated(asked);
  const context = { id: randomUUID().replaceAll("-", ""), model: route.alias, created: Math.floor(now / 1000) };
  const body = toMessages(asked, { model: route.model, maxTokens });
  const rewriter =
    asked["stream"] === true
      ? new MessagesToChat(context, { withUsage: wantsUsage(asked) })
      : new WholeAnswer(usageOfMessage, (answer) => fromMessages(answer, context));
  return { operation: "messages", body, rewriter, leftOut: leftOut(asked, READ_FROM_CHAT) };
}

function wantsUsage(asked: JsonObject): boolean {
  const options = asked["stream_options"];
  return isObject(options) && options["include_usage"] === true;
}

function namesOf(tools: unknown): string[] {
  return Array.isArray(tools) ? tools.filter(isObject).map((tool) => stringOr(tool["name"], "")) : [];
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function noUsage(): undefined {}

function usageOfMessage(answer: JsonObject): Usage | undefined {
  return usageFromMessages(answer["usage"]);
}

function usageOfEmbeddings(answer: JsonObject): Usage | undefined {
  return usageFromEmbeddings(answer["usage"]);
}

function usageOfChat(answer: JsonObject): Usage | undefined {
  return usageFromChat(answer["usage"]);
}
