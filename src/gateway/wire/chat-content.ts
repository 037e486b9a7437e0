// Content blocks of the Messages API as parts of a chat message.
import { arrayAt, isObject, objectAt, stringAt, type JsonObject, wordOf } from "../json.ts";
import { cannot, Refusal } from "../refusal.ts";

/** What the worker's model can read besides text. */
export type ChatAbilities = { readonly images: boolean };

export type ChatPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image_url"; readonly image_url: { readonly url: string } };

/** Throws Refusal for what the worker cannot read, in the words that make Claude Code try again without it. */
export function chatParts(content: unknown, path: string, abilities: ChatAbilities): ChatPart[] {
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", text: content }];
  return arrayAt(content ?? [], path).flatMap((block, index) => {
    const at = `${path}/${index}`;
    return partsOf(objectAt(block, at), at, abilities);
  });
}

function partsOf(block: JsonObject, at: string, abilities: ChatAbilities): ChatPart[] {
  switch (block["type"]) {
    case "text":
      return [text(stringAt(block["text"], `${at}/text`))];
    case "image":
      return [image(objectAt(block["source"], `${at}/source`), at, abilities)];
    case "document":
      return documentParts(block, at, abilities);
    case "search_result":
      return searchResult(block, at, abilities);
    case "tool_reference":
      return [text(`Tool available: ${stringAt(block["tool_name"], `${at}/tool_name`)}`)];
    default:
      throw new Refusal("policy_blocked", `${at}: a local worker cannot take a block of type ${wordOf(block["type"])}`);
  }
}

function text(value: string): ChatPart {
  return { type: "text", text: value };
}

function image(source: JsonObject, at: string, abilities: ChatAbilities): ChatPart {
  if (!abilities.images) throw cannot("image_block", `${at}: this model does not read images`);
  if (source["type"] !== "base64") throw new Refusal("policy_blocked", `${at}/source: only base64 images are taken`);
  const type = stringAt(source["media_type"], `${at}/source/media_type`);
  return {
    type: "image_url",
    image_url: { url: `data:${type};base64,${stringAt(source["data"], `${at}/source/data`)}` },
  };
}

function documentParts(block: JsonObject, at: string, abilities: ChatAbilities): ChatPart[] {
  const source = objectAt(block["source"], `${at}/source`);
  const title = typeof block["title"] === "string" ? [text(`Document: ${block["title"]}`)] : [];
  if (source["type"] === "text") return [...title, text(stringAt(source["data"], `${at}/source/data`))];
  if (source["type"] === "content") {
    return [...title, ...chatParts(source["content"], `${at}/source/content`, abilities)];
  }
  throw cannot("document_block", `${at}: this model does not read such documents`);
}

function searchResult(block: JsonObject, at: string, abilities: ChatAbilities): ChatPart[] {
  const head = [block["title"], block["source"]].filter((part) => typeof part === "string").join(" - ");
  return [text(head), ...chatParts(block["content"], `${at}/content`, abilities)];
}

/** One string where there are only texts, which every chat template takes; else the parts. */
export function chatContent(parts: readonly ChatPart[]): string | readonly ChatPart[] {
  const texts = textsIn(parts);
  return texts.length === parts.length ? texts.join("\n") : parts;
}

export function textsIn(parts: readonly ChatPart[]): string[] {
  return parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
}

/** The texts of a system prompt, in order, without Claude Code's billing line (it is for Anthropic alone). */
export function systemText(system: unknown): string {
  if (typeof system === "string") return system;
  return arrayAt(system ?? [], "system")
    .map((block, index) => (isObject(block) ? stringAt(block["text"], `system/${index}/text`) : ""))
    .filter((part) => part !== "" && !part.startsWith("x-anthropic-billing-header:"))
    .join("\n\n");
}
