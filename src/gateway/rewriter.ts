// How an upstream's answer becomes the client's. Whichever way, its token counts are read along.
import { isObject, stringOr, type JsonObject } from "./json.ts";
import { isRefusalKind, Refusal } from "./refusal.ts";
import type { Usage } from "./wire/usage.ts";

export type Rewriter = {
  readonly isStream: boolean;
  /** What a stream begins with when its upstream keeps silent for long; at most once. */
  begin(): string;
  /** What keeps a silent stream alive; empty where the upstream does so itself. */
  readonly ping: string;
  push(bytes: Buffer): string | Buffer;
  /** The rest. Throws Refusal when the answer is none or broke off. */
  end(): string;
  readonly usage: Usage | undefined;
};

/** Throws Refusal when the event is not JSON, or is the upstream telling of its failure. */
export function parseEventData(data: string): JsonObject {
  const event = parseAnswer(data);
  if (isObject(event["error"])) throw toldFailure(event["error"]);
  return event;
}

function toldFailure(error: JsonObject): Refusal {
  const kind = stringOr(error["type"], "");
  return new Refusal(isRefusalKind(kind) ? kind : "api_error", stringOr(error["message"], "the upstream failed"));
}

/** Throws Refusal when the text is no JSON object. */
export function parseAnswer(text: string): JsonObject {
  try {
    const answer: unknown = text === "[DONE]" ? {} : JSON.parse(text);
    if (isObject(answer)) return answer;
  } catch {
    // Told below: the text may hold anything.
  }
  throw new Refusal("api_error", "the upstream's answer is not a JSON object");
}
