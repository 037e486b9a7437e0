// A second, dumber look at a request that policy let through: any image or document, however deep, must carry its own bytes.
import { isObject, type JsonObject } from "../../../src/gateway/json.ts";

const INLINE: ReadonlySet<unknown> = new Set(["base64", "text", "content"]);

/** The path of the first source that is not inline, or undefined. What a tool is given may be anything. */
export function uninspected(body: JsonObject): string | undefined {
  const messages = Array.isArray(body["messages"]) ? body["messages"].filter(isObject) : [];
  const contents = messages.map((message, index): [string, unknown] => [`messages/${index}`, message["content"]]);
  return firstOf([["system", body["system"]], ...contents], "");
}

function below(value: unknown, path: string): string | undefined {
  if (Array.isArray(value)) return firstOf(value.map((one: unknown, index) => [String(index), one]), path);
  if (!isObject(value)) return undefined;
  const { type, source } = value;
  const isMedia = type === "image" || type === "document";
  if (isMedia && !(isObject(source) && INLINE.has(source["type"]))) return `${path}/source`;
  const nested = ["content", "source", "tool_references"].map((key): [string, unknown] => [key, value[key]]);
  return firstOf(nested, path);
}

function firstOf(entries: readonly (readonly [string, unknown])[], path: string): string | undefined {
  for (const [key, value] of entries) {
    const found = below(value, `${path}/${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
