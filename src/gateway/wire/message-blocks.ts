// One chat message as content blocks of the Messages API.
import { arrayAt, isObject, objectAt, stringAt, stringOr, type JsonObject, wordOf } from "../json.ts";
import { Refusal } from "../refusal.ts";

/** Throws Refusal for parts that the Messages API has no block for. */
export function messageBlocks(message: JsonObject, path: string): JsonObject[] {
  switch (message["role"]) {
    case "user":
      return parts(message["content"], `${path}/content`);
    case "assistant":
      return [...parts(message["content"], `${path}/content`), ...toolUses(message["tool_calls"], path)];
    case "tool":
      return [toolResult(message, path)];
    default:
      throw new Refusal("invalid_request_error", `${path}/role: unknown role ${wordOf(message["role"])}`);
  }
}

/** Empty texts are left out: the Messages API refuses them. */
function parts(content: unknown, path: string): JsonObject[] {
  if (content === undefined || content === null || content === "") return [];
  if (typeof content === "string") return [{ type: "text", text: content }];
  return arrayAt(content, path).flatMap((value, index) => {
    const part = objectAt(value, `${path}/${index}`);
    const block = blockOf(part, `${path}/${index}`);
    return block["text"] === "" ? [] : [block];
  });
}

function blockOf(part: JsonObject, path: string): JsonObject {
  switch (part["type"]) {
    case "text":
      return { type: "text", text: stringAt(part["text"], `${path}/text`) };
    case "refusal":
      return { type: "text", text: stringAt(part["refusal"], `${path}/refusal`) };
    case "image_url":
      return image(part["image_url"], path);
    default:
      throw new Refusal("policy_blocked", `${path}: a part of type ${wordOf(part["type"])} is not let through`);
  }
}

function image(value: unknown, path: string): JsonObject {
  const url = stringAt(isObject(value) ? value["url"] : undefined, `${path}/image_url/url`);
  const [, mediaType, data] = /^data:([a-z]+\/[a-z0-9.+-]+);base64,(.*)$/s.exec(url) ?? [];
  if (data === undefined) {
    throw new Refusal("policy_blocked", `${path}/image_url: images are taken as data: URLs only, nothing is fetched`);
  }
  return { type: "image", source: { type: "base64", media_type: mediaType, data } };
}

function toolUses(calls: unknown, path: string): JsonObject[] {
  return arrayAt(calls ?? [], `${path}/tool_calls`).map((value, index) => {
    const at = `${path}/tool_calls/${index}`;
    const call = objectAt(value, at);
    const called = objectAt(call["function"], `${at}/function`);
    return {
      type: "tool_use",
      id: safeId(stringAt(call["id"], `${at}/id`)),
      name: stringAt(called["name"], `${at}/function/name`),
      input: parseArguments(stringOr(called["arguments"], ""), at),
    };
  });
}

function toolResult(message: JsonObject, path: string): JsonObject {
  const id = safeId(stringAt(message["tool_call_id"], `${path}/tool_call_id`));
  return { type: "tool_result", tool_use_id: id, content: parts(message["content"], `${path}/content`) };
}

/** The Messages API takes these characters only; call and answer are changed alike. */
function safeId(id: string): string {
  return id.replaceAll(/[^a-zA-Z0-9_-]/g, "_");
}

function parseArguments(text: string, path: string): JsonObject {
  if (text.trim() === "") return {};
  try {
    return objectAt(JSON.parse(text), `${path}/function/arguments`);
  } catch {
    throw new Refusal("invalid_request_error", `${path}/function/arguments: should be a JSON object`);
  }
}
