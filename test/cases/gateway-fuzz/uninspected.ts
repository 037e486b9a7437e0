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

/** The first thing in the messages, however deep, that names where to fetch from; what a tool is given may be anything. */
export function fetchable(body: JsonObject): string | undefined {
  const messages = Array.isArray(body["messages"]) ? body["messages"].filter(isObject) : [];
  const unseen: unknown[] = [body["system"], ...messages.map((message) => message["content"])].filter(Array.isArray);
  while (unseen.length > 0) {
    const one = unseen.pop();
    if (Array.isArray(one)) unseen.push(...one);
    if (!isObject(one)) continue;
    const { type, file_id: file, image_url: image, source, content } = one;
    const url = isObject(image) ? image["url"] : image;
    if (typeof url === "string" && !/^data:/i.test(url)) return url;
    if ((type === "url" && one["url"] !== undefined) || (type === "file" && file !== undefined)) return type;
    unseen.push(...[content, source].filter((inner) => typeof inner === "object"));
  }
  return undefined;
}
