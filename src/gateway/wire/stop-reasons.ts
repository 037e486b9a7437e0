// Why a model stopped, on both sides.
import type { JsonObject } from "../json.ts";
import { plainRefusal, type Refusal } from "../refusal.ts";

const FROM_CHAT: ReadonlyMap<unknown, string> = new Map(
  Object.entries({
    stop: "end_turn",
    length: "max_tokens",
    // Mistral's.
    model_length: "max_tokens",
    tool_calls: "tool_use",
    function_call: "tool_use",
    content_filter: "refusal",
  }),
);

const TO_CHAT: ReadonlyMap<unknown, string> = new Map(
  Object.entries({
    end_turn: "stop",
    stop_sequence: "stop",
    pause_turn: "stop",
    max_tokens: "length",
    model_context_window_exceeded: "length",
    tool_use: "tool_calls",
    refusal: "content_filter",
  }),
);

/** The worker gave up (vLLM and SGLang say abort, others error): what it wrote until then must not look like an answer. */
const GAVE_UP: ReadonlySet<unknown> = new Set(["abort", "error", "insufficient_system_resource"]);

export function hasGivenUp(finishReason: unknown): boolean {
  return GAVE_UP.has(finishReason);
}

export function gaveUp(): Refusal {
  return plainRefusal("overloaded_error", "the upstream gave up");
}

export type Stop = { readonly stop_reason: string; readonly stop_sequence: string | null };

/** Throws Refusal when the worker gave up. Some workers say "stop" although they called a tool; vLLM tells the matched sequence in `stop_reason`. */
export function stopFromChat(choice: JsonObject, calledTool: boolean, asked: readonly string[]): Stop {
  if (hasGivenUp(choice["finish_reason"])) throw gaveUp();
  const matched = choice["stop_reason"];
  if (calledTool && choice["finish_reason"] !== "length") return { stop_reason: "tool_use", stop_sequence: null };
  if (choice["finish_reason"] === "stop" && typeof matched === "string" && asked.includes(matched)) {
    return { stop_reason: "stop_sequence", stop_sequence: matched };
  }
  return { stop_reason: FROM_CHAT.get(choice["finish_reason"]) ?? "end_turn", stop_sequence: null };
}

export function finishFromMessages(stopReason: unknown): string {
  return TO_CHAT.get(stopReason) ?? "stop";
}
