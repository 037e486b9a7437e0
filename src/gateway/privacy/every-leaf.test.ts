// Every identifier of the corpus, at every place of a request as coding agents and chat clients send it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
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

/** As Claude Code 2.1.330 sent it in the third turn of a conversation; see the corpus's README. */
const CAPTURED: JsonObject = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../test/cases/privacy/agent-request.json"), "utf8"),
);

const captured = placesOf("messages", CAPTURED);
const places = [...placesOf("messages", MESSAGES), ...placesOf("chat", CHAT)];

type Place = { readonly operation: string; readonly put: (text: string) => JsonObject };

/** The request with the text at one of its places; and as a key, which no schema forbids. */
function placesOf(operation: string, request: JsonObject): Place[] {
  const at = pathsIn(request).map((path): Place => ({
    operation,
    put: (text) => ({ ...request, ...put(request, path, text) }),
  }));
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

/** Ways to every HERE. A string that is JSON is gone into by a step of its own. */
function pathsIn(value: unknown): string[][] {
  if (value === "HERE") return [[]];
  if (typeof value === "string")
    return value.startsWith("{") ? pathsIn(JSON.parse(value)).map((path) => ["", ...path]) : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => pathsIn(member).map((path) => [key, ...path]));
}

/** A copy as far as it differs. */
function put(value: object, [step = "", ...rest]: readonly string[], text: string): object {
  const member: unknown = new Map(Object.entries(value)).get(step);
  const changed = rest.length === 0 ? text : within(member, rest, text);
  return Array.isArray(value)
    ? value.map((one: unknown, n) => (String(n) === step ? changed : one))
    : { ...value, [step]: changed };
}

function within(member: unknown, rest: readonly string[], text: string): unknown {
  if (typeof member === "string") return JSON.stringify(put(JSON.parse(member), rest.slice(1), text));
  return typeof member === "object" && member !== null ? put(member, rest, text) : member;
}

const { signal } = new AbortController();

const privacy = new Privacy({
  policy: PrivacyPolicy.parse({}),
  dictionaries: [],
  secret: Buffer.alloc(32, 7),
  random: { bytes: (size) => Buffer.alloc(size, 3) },
});

async function check({ operation, put: putInto }: Place, { text, spans }: Line): Promise<void> {
  const asked = putInto(text);
  const clean: Cleaned = await privacy.clean({
    operation,
    body: asked,
    headers: {},
    route: { alias: "hosted", residency: "global" },
    key: { id: "k", alias: null },
    signal,
  });
  const { returning } = clean;
  assert.ok(returning !== undefined);
  const sent = [...stringsIn(clean.body)];
  const values = spans.map(({ start, end }) => text.slice(start, end));
  const original = [...stringsIn(asked)];
  assert.equal(sent.length, original.length);
  for (const [n, one] of sent.entries()) {
    assert.ok(!values.some((value) => one.includes(value)), `${text} leaves in ${one}`);
    // In URLs values do not come back; the corpus has none.
    if (one !== original[n]) assert.equal(restoredText(one, returning), original[n]);
  }
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

/** With DEMESNE_PRIVACY_FULL each kind in each spelling stands at each place of the captured request too: half a minute. */
const isFull = process.env["DEMESNE_PRIVACY_FULL"] !== undefined;

describe("an identifier of the corpus", () => {
  const bySpelling = Map.groupBy(lines, ({ spans, spelling }) => `${spans[0]?.kind} ${spelling}`);
  const byKind = Map.groupBy(
    [...bySpelling.values()].flatMap(([line]) => line ?? []),
    ({ spans }) => spans[0]?.kind,
  );

  it("leaves from no place of a request: every third line at one place", async () => {
    for (const [n, line] of lines.filter((_, at) => at % 3 === 0).entries()) {
      const place = places[n % places.length];
      if (place !== undefined) await check(place, line);
    }
  });

  it("leaves from no place of a request: each kind in each of its spellings at every place", async () => {
    assert.ok(places.length > 35, String(places.length));
    assert.ok(bySpelling.size > 100, String(bySpelling.size));
    for (const [line] of bySpelling.values())
      for (const place of places) if (line !== undefined) await check(place, line);
  });

  it("leaves from no place of a captured request: each kind at every place, in one spelling after the other", async () => {
    assert.ok(captured.length > 120, String(captured.length));
    assert.ok(byKind.size >= 20, String(byKind.size));
    for (const spellings of byKind.values()) {
      for (const [n, place] of captured.entries()) {
        const chosen = isFull ? spellings : spellings.filter((_, at) => at === n % spellings.length);
        for (const line of chosen) await check(place, line);
      }
    }
  });
});
