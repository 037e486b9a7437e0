// How an upstream's answer becomes the client's. Whichever way, its token counts are read along.
import { isObject, type JsonObject } from "./json.ts";
import { plainRefusal } from "./refusal.ts";
import type { ServerEvent } from "./wire/sse.ts";
import { failureIn } from "./wire/upstream-error.ts";
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
export function parseEventData({ name, data }: ServerEvent): JsonObject {
  const event = parseAnswer(data);
  // llama.cpp has a field of its own for it, with the error and nothing around it.
  const failure = failureIn(name === "error" && event["error"] === undefined ? { error: event } : event);
  if (failure !== undefined) throw failure;
  return event;
}

/** Reads events one by one. What came before a failure is still told; the failure follows with the next piece, or the end. */
export class UntilFailure<T> {
  #failure: unknown;

  read(events: readonly ServerEvent[], each: (event: ServerEvent) => T): T[] {
    if (this.#failure !== undefined) throw this.#failure;
    const read: T[] = [];
    for (const event of events) {
      try {
        read.push(each(event));
      } catch (error) {
        if (read.length === 0) throw error;
        this.#failure = error;
        break;
      }
    }
    return read;
  }
}

/** Throws Refusal when the text is no JSON object. */
export function parseAnswer(text: string): JsonObject {
  try {
    const answer: unknown = text === "[DONE]" ? {} : JSON.parse(text);
    if (isObject(answer)) return answer;
  } catch {
    // Told below: the text may hold anything.
  }
  throw plainRefusal("api_error", "the upstream's answer is not a JSON object");
}
