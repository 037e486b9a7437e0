// What a tool is called with: whatever of a request the model gives it, the client gets its own values, of their own type.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { JsonObject } from "../json.ts";
import { answersOf, Privacy, PrivacyPolicy, type Cleaned } from "./index.ts";
import { ToolArguments } from "./tool-arguments.ts";

const privacy = new Privacy({
  policy: PrivacyPolicy.parse({}),
  dictionaries: [],
  secret: Buffer.alloc(32, 7),
  random: { bytes: (size) => Buffer.alloc(size, 3) },
});

const NUMBER = 9_434_765_919;
const CARD = 4_111_111_111_111_111;

const values = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 3 }, tie("leaf"), tie("list"), tie("map")),
  list: fc.array(tie("any"), { maxLength: 3 }),
  map: fc.dictionary(fc.constantFrom("patient", "a", "943 476 5919", String(NUMBER), 'q"\\'), tie("any"), {
    maxKeys: 3,
  }),
  leaf: fc.oneof(
    fc.constantFrom<unknown>(
      NUMBER,
      String(NUMBER),
      CARD,
      "943 476 5919",
      `NHS ${NUMBER} "x"`,
      `"${NUMBER}"`,
      `\\${NUMBER}\\`,
    ),
    fc.constantFrom<unknown>("", "\\", '"', ":", "Qid", null, true, 7, 1.5, 12_345_678, -5_000_000_000, "a\\", '\\"'),
    fc.string(),
  ),
}));

/** A conversation in which the tool was called with this before. */
async function cleaned(input: object): Promise<Cleaned> {
  return await privacy.clean({
    operation: "messages",
    body: {
      model: "m",
      messages: [
        { role: "assistant", content: [{ type: "tool_use", id: "t", name: "Save", input }] },
        { role: "user", content: `and ${NUMBER}` },
      ],
    },
    headers: {},
    route: { alias: "hosted", residency: "global" },
    key: { id: "k", alias: null },
    signal: AbortSignal.timeout(120_000),
  });
}

function inputIn({ body }: Cleaned): object {
  const { messages }: { messages: [{ content: [{ input: object }] }] } = JSON.parse(JSON.stringify(body));
  return messages[0].content[0].input;
}

/** The client's view of a call with these arguments: whole, and streamed in pieces, in either dialect. */
function called(clean: Cleaned, input: object, text: string, cuts: readonly number[]): unknown[] {
  const returning = clean.returning ?? assert.fail("nothing was masked");
  const [messages, chat] = [answersOf("messages", returning), answersOf("chat", returning)];
  const whole = messages?.whole({ content: [{ type: "tool_use", id: "t", name: "Save", input }] });
  const call = { index: 0, id: "c", type: "function", function: { name: "Save", arguments: text } };
  const chatWhole = chat?.whole({ choices: [{ index: 0, message: { tool_calls: [call] } }] });
  const pieces = cutIn(text, cuts);
  const events = [
    { type: "content_block_start", index: 0, content_block: { type: "tool_use", id: "t", name: "Save", input: {} } },
    ...pieces.map((partial_json) => ({
      type: "content_block_delta",
      index: 0,
      delta: { type: "input_json_delta", partial_json },
    })),
    { type: "content_block_stop", index: 0 },
  ];
  const chunks = [
    chunkOf({ ...call, function: { name: "Save", arguments: "" } }, null),
    ...pieces.map((piece) => chunkOf({ index: 0, function: { arguments: piece } }, null)),
    { choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }] },
  ];
  return [
    field(whole, "input")[0],
    JSON.parse(String(field(chatWhole, "arguments")[0])),
    JSON.parse(field(played(messages, events), "partial_json").join("")),
    JSON.parse(field(played(chat, chunks), "arguments").join("")),
  ];
}

function chunkOf(call: object, finish_reason: string | null): JsonObject {
  return { choices: [{ index: 0, delta: { tool_calls: [call] }, finish_reason }] };
}

function cutIn(text: string, cuts: readonly number[]): string[] {
  const at = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  return at.slice(1).map((end, n) => text.slice(at[n], end));
}

function played(answers: ReturnType<typeof answersOf>, events: readonly JsonObject[]): JsonObject[] {
  const stream = answers?.events();
  return events.flatMap((event) => [...(stream?.push(event) ?? [])]);
}

/** Every member of this name, in order. */
function field(value: unknown, name: string): unknown[] {
  const found: unknown[] = [];
  const visit = (each: unknown): void => {
    if (typeof each !== "object" || each === null) return;
    for (const [key, member] of Object.entries(each)) {
      if (key === name) found.push(member);
      else visit(member);
    }
  };
  visit(value);
  return found;
}

describe("the arguments of a tool", () => {
  it("come back as they were, numbers as numbers, wherever a stream is cut", async () => {
    const cuts = fc.array(fc.nat(), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(values.any, fc.constantFrom(undefined, 2), cuts, async (inner, indent, where) => {
        const input: object = JSON.parse(JSON.stringify({ inner }));
        const clean = await cleaned(input);
        const masked = inputIn(clean);
        assert.ok(!/943.?476.?5919|4111111111111111/.test(JSON.stringify(masked)), JSON.stringify(masked));
        for (const back of called(clean, masked, JSON.stringify(masked, null, indent), where)) {
          assert.deepEqual(back, input);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("have a number's pseudonym in a text and in a key as text", async () => {
    const clean = await cleaned({ id: NUMBER });
    const [name = ""] = /Qid\w{20}/.exec(JSON.stringify(inputIn(clean))) ?? [];
    const input = { [name]: `id ${name}.`, a: [name], b: ` ${name}` };
    const text = String(NUMBER);
    for (const back of called(clean, input, JSON.stringify(input), [5, 20, 40])) {
      assert.deepEqual(back, { [text]: `id ${text}.`, a: [NUMBER], b: ` ${text}` });
    }
  });

  it("are of one value for the model, whether it was a number or a text", async () => {
    const [one, other] =
      JSON.stringify(inputIn(await cleaned({ a: NUMBER, b: String(NUMBER) }))).match(/Qid\w{20}/g) ?? [];
    assert.equal(one?.slice(0, -4), other?.slice(0, -4));
    assert.notEqual(one, other);
  });

  it("are whole at the end, also of a call that broke off", async () => {
    const clean = await cleaned({ id: NUMBER });
    const text = JSON.stringify(inputIn(clean)).slice(0, -1);
    const args = new ToolArguments("Save", clean.returning ?? assert.fail("nothing was masked"));
    assert.equal(args.push(text) + args.end(), `{"id":${NUMBER}`);
  });

  it("wait for nothing but a number", async () => {
    const { returning } = await cleaned({ id: NUMBER });
    const stream = answersOf("messages", returning ?? assert.fail("nothing was masked"))?.events();
    stream?.push({
      type: "content_block_start",
      index: 0,
      content_block: { type: "tool_use", name: "Save", input: {} },
    });
    const push = (partial_json: string): unknown =>
      field(stream?.push({ type: "content_block_delta", index: 0, delta: { partial_json } }), "partial_json")[0];
    assert.equal(push('{"a": "some text"'), '{"a": "some text"');
    assert.equal(push(', "b": 1'), ', "b": 1');
    assert.equal(push(', "'), ", ");
    assert.equal(push("c"), '"c');
  });
});
