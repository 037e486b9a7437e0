// The last changes to a request before it is priced and sent: what must not leave is taken out, what the route promises is
// put in.
import { createHash } from "node:crypto";
import type { OutputField } from "./config.ts";
import type { Crossing } from "./cross.ts";
import { isCount, isObject, type JsonObject } from "./json.ts";
import type { VirtualKey } from "./keyring.ts";
import type { LiveRoute } from "./load-config.ts";
import { inspectChat, inspectMessages, withoutStore, type Survey } from "./policy.ts";
import { plainRefusal } from "./refusal.ts";
import { isLocalThinking } from "./wire/provenance.ts";

export type Outgoing = {
  readonly operation: Crossing["operation"];
  readonly body: JsonObject;
  readonly survey: Survey;
};

const NOTHING: Survey = { blocks: 0, tools: 0, images: 0, documents: 0, mediaChars: 0 };

/** Throws Refusal when policy does not let the request leave. */
export function outgoing({ operation, body, rewriter }: Crossing, route: LiveRoute, key: VirtualKey): Outgoing {
  if (route.dialect === "anthropic") {
    const sent = withoutForeignThinking(residing(withPseudonym(body, key), route, operation));
    return {
      operation,
      body: sent,
      survey: route.residency === "local" ? NOTHING : inspectMessages(sent, route.residency),
    };
  }
  // The counts of a chat stream come only when asked for; a client that did not ask will not see them.
  const counted =
    operation === "chat" && rewriter.isStream ? { ...body, stream_options: { include_usage: true } } : body;
  const sent = operation === "chat" ? withOneOutput(counted, outputFieldOf(route)) : counted;
  if (route.residency === "local") return { operation, body: sent, survey: NOTHING };
  const hosted = withoutStore(withUserPseudonym(sent, key));
  return { operation, body: hosted, survey: inspectChat(hosted) };
}

/** OpenAI's newer models refuse the older name, and Ollama does not read the newer one (ollama#7125). */
function outputFieldOf({ worker, residency }: LiveRoute): OutputField {
  return worker.outputField ?? (residency === "local" ? "max_tokens" : "max_completion_tokens");
}

/** Of two names for the most output the upstream may read either, and only one is priced. */
function withOneOutput(body: JsonObject, field: OutputField): JsonObject {
  const { max_tokens: older, max_completion_tokens: newer, ...rest } = body;
  const asked = newer ?? older;
  return asked === undefined || asked === null ? rest : { ...rest, [field]: asked };
}

/** Claude Code sends a device id that never changes. Upstream sees one name per virtual key. */
function withPseudonym(body: JsonObject, key: VirtualKey): JsonObject {
  if (body["metadata"] === undefined) return body;
  return { ...body, metadata: { user_id: pseudonymOf(key) } };
}

/** The same in the other dialect. */
function withUserPseudonym(body: JsonObject, key: VirtualKey): JsonObject {
  return body["user"] === undefined ? body : { ...body, user: pseudonymOf(key) };
}

function pseudonymOf(key: VirtualKey): string {
  return createHash("sha256").update(`user ${key.id}`).digest("hex").slice(0, 32);
}

function residing(body: JsonObject, route: LiveRoute, operation: Crossing["operation"]): JsonObject {
  const asked = body["inference_geo"] ?? undefined;
  if (route.residency !== "us" || operation !== "messages" || asked !== undefined) return body;
  return { ...body, inference_geo: "us" };
}

/** What a local model thought carries no signature of Anthropic's, and would be refused there. */
function withoutForeignThinking(body: JsonObject): JsonObject {
  const { messages } = body;
  if (!Array.isArray(messages) || !messages.some(holdsLocalThinking)) return body;
  return {
    ...body,
    messages: messages.map((message: unknown) => (holdsLocalThinking(message) ? cleaned(message) : message)),
  };
}

type Turn = JsonObject & { readonly content: readonly unknown[] };

function holdsLocalThinking(message: unknown): message is Turn {
  if (!isObject(message) || !Array.isArray(message["content"])) return false;
  return message["content"].some((block: unknown) => isObject(block) && isLocalThinking(block));
}

function cleaned(message: Turn): JsonObject {
  const content = message.content.filter((block) => !(isObject(block) && isLocalThinking(block)));
  // A turn must say something.
  return { ...message, content: content.length > 0 ? content : [{ type: "text", text: "..." }] };
}

/** The output tokens that the request asks for, where it asks. Throws Refusal when that is no number that can be priced. */
export function wantedOutput({ operation, body }: Outgoing, route: LiveRoute): number | undefined {
  if (operation === "count_tokens" || operation === "embeddings") return 0;
  const asked = body["max_completion_tokens"] ?? body["max_tokens"] ?? undefined;
  if (isCount(asked) && asked > 0) return asked;
  // A chat client may leave it out, and for some workers -1 is a word.
  if (operation === "chat" && (asked === undefined || route.residency === "local")) return undefined;
  throw plainRefusal("invalid_request_error", "max_tokens: should be a whole number above 0");
}

/** Names the output that was granted, and keeps a thinking budget below it. */
export function withOutput({ operation, body }: Outgoing, route: LiveRoute, outputTokens: number): JsonObject {
  if (operation === "chat") return { ...body, [outputFieldOf(route)]: outputTokens };
  if (operation !== "messages") return body;
  const { thinking } = body;
  const budget = isObject(thinking) ? thinking["budget_tokens"] : undefined;
  if (typeof budget !== "number" || budget < outputTokens) return { ...body, max_tokens: outputTokens };
  return {
    ...body,
    max_tokens: outputTokens,
    thinking: { ...(isObject(thinking) ? thinking : {}), budget_tokens: outputTokens - 1 },
  };
}
