import assert from "node:assert/strict";
import { it } from "node:test";
import * as fc from "fast-check";
import { inputBound } from "./bound.ts";
import { inspectMessages } from "./policy.ts";

const IMAGE_TOKENS = 4784;

const text = fc.string({ unit: "binary", maxLength: 200 });
const block = fc.oneof(
  fc.record({ type: fc.constant("text"), text }),
  fc.record({ type: fc.constant("tool_use"), id: fc.string(), name: fc.string(), input: fc.dictionary(text, text) }),
  fc.record({ type: fc.constant("tool_result"), tool_use_id: fc.string(), content: text }),
  fc.record({
    type: fc.constant("image"),
    source: fc.record({ type: fc.constant("base64"), media_type: fc.constant("image/png"), data: fc.base64String() }),
  }),
);
const request = fc.record({
  model: fc.constant("claude-sonnet-4-6"),
  max_tokens: fc.nat(),
  system: text,
  messages: fc.array(fc.record({ role: fc.constant("user"), content: fc.oneof(text, fc.array(block)) })),
  tools: fc.array(fc.record({ name: text, description: text, input_schema: fc.dictionary(text, text) })),
});

/** The dearest reading there could be: a token for each byte of text and keys, some more around each block and tool. */
function dearest(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + dearest(one), 0);
  if (typeof value !== "object" || value === null) return 0;
  if ("type" in value && value.type === "image") return IMAGE_TOKENS + 10;
  const around = "input_schema" in value ? 120 : "type" in value || "role" in value ? 10 : 0;
  return Object.entries(value).reduce((sum, [key, one]) => sum + Buffer.byteLength(key) + dearest(one), around);
}

it("holds for an upstream that counts a token for every byte, and its own around blocks, tools and the request", () => {
  fc.assert(
    fc.property(request, (body) => {
      const bound = inputBound(Buffer.byteLength(JSON.stringify(body)), inspectMessages(body, "global"), IMAGE_TOKENS);
      assert.ok(dearest(body) + 1000 <= bound, `${dearest(body)} + 1000 <= ${bound}`);
    }),
    { numRuns: 300 },
  );
});
