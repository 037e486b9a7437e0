// What a chat message says and thinks, under whichever name and in whichever shape its worker writes it.
import { isObject, stringOr, type JsonObject } from "./json.ts";

/** vLLM says `reasoning`, most others `reasoning_content` (the other one may be there and empty), Mistral's in parts. */
export function reasoningOf(message: JsonObject): string {
  const { reasoning_content: older, reasoning, content } = message;
  const parts = objectsIn(content).map(({ thinking }) => stringOr(thinking, textsOf(thinking)));
  return [older, reasoning, parts.join("")].map((text) => stringOr(text, "")).find((text) => text !== "") ?? "";
}

/** What it says: mostly one string; Mistral's models may answer in parts. */
export function saidIn({ content, refusal }: JsonObject): string {
  return stringOr(content, Array.isArray(content) ? textsOf(content) : stringOr(refusal, ""));
}

function textsOf(parts: unknown): string {
  return objectsIn(parts)
    .map(({ text }) => stringOr(text, ""))
    .join("");
}

function objectsIn(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
