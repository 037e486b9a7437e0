// A guess at the input tokens of a request, where nobody can be asked: workers count in no way that all of them share.
import { isObject, type JsonObject } from "./json.ts";

const BYTES_PER_TOKEN = 3.5;

/**
 * Itself an estimate: Anthropic's documentation on vision gives about 1,600 tokens for the largest image that is not scaled
 * down. A worker's model may count otherwise.
 */
const IMAGE_TOKENS = 1600;

/** Base64 is no text: an image costs what it shows, however many characters it is written in. */
export function estimateTokens(asked: JsonObject, sizeBytes: number): number {
  const media = mediaIn(asked["messages"]);
  const textBytes = media.reduce((left, chars) => left - chars, sizeBytes);
  return Math.ceil(textBytes / BYTES_PER_TOKEN) + media.length * IMAGE_TOKENS;
}

/** The characters of each inline image and document. With a list, since a client may nest deeper than calls can go. */
function mediaIn(messages: unknown): number[] {
  const media: number[] = [];
  const unseen: unknown[] = [messages];
  while (unseen.length > 0) {
    const one = unseen.pop();
    if (Array.isArray(one)) for (const item of one) unseen.push(item);
    if (!isObject(one)) continue;
    const chars = mediaChars(one);
    if (chars > 0) media.push(chars);
    else unseen.push(one["content"], one["source"]);
  }
  return media;
}

function mediaChars({ type, source, image_url: image }: JsonObject): number {
  const data = isObject(source) && source["type"] === "base64" ? source["data"] : undefined;
  if (type === "image" || type === "document") return typeof data === "string" ? data.length : 0;
  const url = type === "image_url" && isObject(image) ? image["url"] : undefined;
  return typeof url === "string" && url.startsWith("data:") ? url.length : 0;
}
