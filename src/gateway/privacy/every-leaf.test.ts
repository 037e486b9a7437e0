// Every identifier of the corpus, at every place of a request as coding agents and chat clients send it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
// oxlint-disable-next-line no-restricted-imports -- the corpus is a case, made the same every time
import { corpus as makeCorpus, type Line } from "../../../test/cases/privacy/generate.ts";
import type { JsonObject } from "../json.ts";
import { Privacy, PrivacyPolicy, type Cleaned } from "./index.ts";
import { restoredText } from "./tool-arguments.ts";

const lines = makeCorpus().filter(({ spans }) => spans.length > 0);

/** HERE is where the text goes; keys have it too. */
const MESSAGES = {
  model: "claude-sonnet-4-6",
  max_tokens: 32_000,
  stream: true,
  system: [
    { type: "text", text: "x-anthropic-billing-header: cc_version=2.1.330" },
    { type: "text", text: "HERE", cache_control: { type: "ephemeral" } },
  ],
  stop_sequences: ["HERE"],
  metadata: { user_id: "HERE" },
  tools: [
    {
      name: "Read",
      description: "HERE",
      input_schema: {
        type: "object",
        properties: { path: { type: "string", description: "HERE", enum: ["HERE"], default: "HERE" } },
      },
    },
  ],
  messages: [
    { role: "user", content: "HERE" },
    {
      role: "assistant",
      content: [
        { type: "text", text: "HERE" },
        { type: "tool_use", id: "toolu_1", name: "Read", input: { path: "HERE", deep: [[{ more: "HERE" }]] } },
      ],
    },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "HERE" }] },
    { role: "system", content: "HERE" },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "toolu_2", content: [{ type: "text", text: "HERE" }] },
        {
          type: "document",
          title: "HERE",
          context: "HERE",
          source: { type: "text", media_type: "text/plain", data: "HERE" },
        },
        { type: "document", source: { type: "content", content: [{ type: "text", text: "HERE" }] } },
        { type: "search_result", source: "HERE", title: "HERE", content: [{ type: "text", text: "HERE" }] },
      ],
    },
  ],
};

const CHAT = {
  model: "gpt",
  stop: ["HERE"],
  user: "HERE",
  tools: [
    {
      type: "function",
      function: { name: "read", description: "HERE", parameters: { properties: { path: { description: "HERE" } } } },
    },
  ],
  response_format: { type: "json_schema", json_schema: { name: "a", schema: { description: "HERE" } } },
  messages: [
    { role: "system", content: "HERE" },
    { role: "user", name: "HERE", content: [{ type: "text", text: "HERE" }] },
    {
      role: "assistant",
      content: "HERE",
      reasoning_content: "HERE",
      tool_calls: [
        {
          id: "c1",
          type: "function",
          function: { name: "read", arguments: '{"path":"HERE","deep":{"more":["HERE"]}}' },
        },
      ],
    },
    { role: "tool", tool_call_id: "c1", content: "HERE" },
  ],
};

const places = [...placesOf("messages", MESSAGES), ...placesOf("chat", CHAT)];

type Place = { readonly operation: string; readonly put: (text: string) => JsonObject };

/** The request with the text at its nth place only; and as a key, which no schema forbids. */
function placesOf(operation: string, request: object): Place[] {
  const parts = JSON.stringify(request).split("HERE");
  const at = parts.slice(1).map((_, n): Place => ({ operation, put: (text) => filled(parts, n, text) }));
  const key: Place = {
    operation,
    put: (text) => ({
      ...request,
      messages: [
        { role: "assistant", content: [{ type: "tool_use", id: "t", name: "Read", input: { [text]: { [text]: 1 } } }] },
      ],
    }),
  };
  return [...at, key];
}

function filled(parts: readonly string[], nth: number, text: string): JsonObject {
  // In arguments the text stands in a string in a string.
  const isNested = (parts[nth] ?? "").endsWith('\\"');
  const once = JSON.stringify(text).slice(1, -1);
  const written = isNested ? JSON.stringify(once).slice(1, -1) : once;
  return JSON.parse(parts.map((part, n) => (n === 0 ? "" : n - 1 === nth ? written : "HERE") + part).join(""));
}

const privacy = new Privacy({
  policy: PrivacyPolicy.parse({}),
  dictionaries: [],
  secret: Buffer.alloc(32, 7),
  random: { bytes: (size) => Buffer.alloc(size, 3) },
});

async function check({ operation, put }: Place, { text, spans }: Line): Promise<void> {
  const asked = put(text);
  const clean: Cleaned = await privacy.clean({
    operation,
    body: asked,
    headers: {},
    route: { alias: "hosted", residency: "global" },
    key: { id: "k", alias: null },
    signal: AbortSignal.timeout(10_000),
  });
  for (const { start, end } of spans) {
    const value = text.slice(start, end);
    const sent = [...stringsIn(clean.body)].join("\n");
    assert.ok(!sent.includes(value), `${value} leaves in ${JSON.stringify(clean.body)}`);
  }
  const { returning } = clean;
  assert.ok(returning !== undefined);
  const original = [...stringsIn(asked)].sort();
  const back = [...stringsIn(clean.body)].map((one) => restoredText(one, returning)).sort();
  // In URLs values do not come back; the corpus has none.
  assert.deepEqual(back, original);
}

/** All strings and keys, those inside arguments as well. */
function* stringsIn(value: unknown): Generator<string> {
  if (typeof value === "string") {
    if (value.startsWith('{"path"')) yield* stringsIn(JSON.parse(value));
    else yield value;
  } else if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      if (!Array.isArray(value)) yield key;
      yield* stringsIn(member);
    }
  }
}

describe("an identifier of the corpus", () => {
  it("leaves from no place of a request: every other line at one place", async () => {
    assert.ok(places.length > 35, String(places.length));
    for (const [n, line] of lines.filter((_, at) => at % 2 === 0).entries()) {
      const place = places[n % places.length];
      if (place !== undefined) await check(place, line);
    }
  });

  it("leaves from no place of a request: one of each kind at every place", async () => {
    const kinds = new Map(lines.map((line) => [line.spans[0]?.kind, line]));
    for (const line of kinds.values()) for (const place of places) await check(place, line);
  });
});
