// What a client asked for and the other dialect has no word for. It is told in a header: without it a lost `seed` looks like a
// model that does not keep its word.
import type { JsonObject } from "../json.ts";

/** The fields that `toMessages` reads, and those that `toChat` does. */
const SAID = {
  anthropic: new Set([
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
  ]),
  openai: new Set([
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
  ]),
};

/** A client may name its fields as it likes; only these become part of a header. */
const NAME = /^[a-z][a-z0-9_]{0,39}$/;
const MOST = 20;

/** Names of the request's own fields that are not in what goes to an upstream of the other dialect. */
export function leftOut(asked: JsonObject, upstream: keyof typeof SAID): string[] {
  const names = Object.keys(asked).filter((name) => !SAID[upstream].has(name) && !isNothing(asked[name]));
  return names.filter((name) => NAME.test(name)).slice(0, MOST);
}

/** `store: false` asks for nothing, like a field that is not there. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === false;
}
