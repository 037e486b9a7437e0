// OpenAI's SDK asks for base64 and decodes it; a worker that answers with numbers is converted here.
import { isObject, type JsonObject } from "../json.ts";

export function base64Embeddings(answer: JsonObject): JsonObject {
  const list = answer["data"];
  if (!Array.isArray(list)) return answer;
  return { ...answer, data: list.map((item: unknown) => (isObject(item) ? encoded(item) : item)) };
}

function encoded(item: JsonObject): JsonObject {
  const { embedding, ...rest } = item;
  if (!Array.isArray(embedding)) return item;
  // The SDK reads little-endian 32-bit floats.
  const bytes = Buffer.alloc(embedding.length * 4);
  for (const [index, value] of embedding.entries()) bytes.writeFloatLE(Number(value), index * 4);
  return { ...rest, embedding: bytes.toString("base64") };
}
