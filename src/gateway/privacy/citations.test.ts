// Citations on their way back: whatever the document and wherever the cited place is, no offset of the masked text reaches
// a client.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { JsonObject } from "../json.ts";
import { answersOf, Privacy, PrivacyPolicy, type Cleaned } from "./index.ts";

const privacy = new Privacy({
  policy: PrivacyPolicy.parse({}),
  dictionaries: [],
  secret: Buffer.alloc(32, 7),
  random: { bytes: (size) => Buffer.alloc(size, 3) },
});

const NHS = "943 476 5919";
const NAME = /Qid[A-Z][a-z]{3}[A-Z][a-z]{11}[A-Z][a-z]{3}/g;

function textDocument(data: string): JsonObject {
  return { type: "document", source: { type: "text", media_type: "text/plain", data }, citations: { enabled: true } };
}

async function cleaned(messages: readonly object[], operation = "messages"): Promise<Cleaned> {
  return await privacy.clean({
    operation,
    body: { model: "m", messages },
    headers: {},
    route: { alias: "hosted", residency: "global" },
    key: { id: "k", alias: null },
    signal: AbortSignal.timeout(120_000),
  });
}

/** The text of each document as it was sent. */
function sentTexts(clean: Cleaned): string[] {
  const found: string[] = [];
  JSON.stringify(clean.body, (key, value: unknown) => {
    if (key === "data" && typeof value === "string") found.push(value);
    return value;
  });
  return found;
}

/** What the client is told of a citation: in a whole answer, and in a stream. */
function told(clean: Cleaned, citation: JsonObject): [JsonObject, JsonObject] {
  const answers = answersOf("messages", clean.returning ?? assert.fail("nothing was masked"));
  const whole = answers?.whole({ content: [{ type: "text", text: "so", citations: [citation] }] });
  const events = answers?.events();
  events?.push({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } });
  const event = { type: "content_block_delta", index: 0, delta: { type: "citations_delta", citation } };
  const streamed = events?.push(event).at(-1);
  const read: { content: [{ citations: [JsonObject] }] } = JSON.parse(JSON.stringify(whole));
  const delta: { delta: { citation: JsonObject } } = JSON.parse(JSON.stringify(streamed));
  return [read.content[0].citations[0], delta.delta.citation];
}

function charLocation(text: string, [start, end]: readonly [number, number], index = 0): JsonObject {
  const cited_text = text.slice(start, end);
  return {
    type: "char_location",
    cited_text,
    document_index: index,
    document_title: null,
    start_char_index: start,
    end_char_index: end,
  };
}

/** Whether it is a place in the client's document, counted in one way or the other, that holds what is cited. */
function isTrue(citation: JsonObject, document: string): boolean {
  const [start, end] = [Number(citation["start_char_index"]), Number(citation["end_char_index"])];
  return [document.slice(start, end), Array.from(document).slice(start, end).join("")].includes(
    String(citation["cited_text"]),
  );
}

/** Whether the cited place begins and ends outside of pseudonyms. */
function cutsNone(masked: string, start: number, length: number): boolean {
  const names = [...masked.matchAll(NAME)].map(({ index }) => [index, index + 23] as const);
  return [start, start + length].every((at) => names.every(([from, to]) => at <= from || at >= to));
}

function unmasked(text: string, { returning }: Cleaned): string {
  return text.replaceAll(NAME, (name) => returning?.pseudonyms.valueOf(name) ?? name);
}

const parts = fc.array(
  fc.constantFrom(
    NHS,
    "jane.doe@example.co.uk",
    "QidNhsnKzrbtwmfgxpbHjdk",
    "😀",
    "A sentence. ",
    "\n",
    "Qid",
    "x",
    " ",
  ),
  { minLength: 1, maxLength: 12 },
);

describe("a citation of a plain text", () => {
  it("points to the same words in the client's own document", async () => {
    const places = fc.tuple(fc.nat(), fc.nat());
    await fc.assert(
      fc.asyncProperty(parts, places, fc.boolean(), async (texts, [one, other], isPython) => {
        const document = `${texts.join(" ")} ${NHS}`;
        const clean = await cleaned([{ role: "user", content: [textDocument(document)] }]);
        const [masked = ""] = sentTexts(clean);
        const units = isPython ? Array.from(masked) : masked.split("");
        const [start, end] = [one % units.length, other % units.length].sort((a, b) => a - b);
        fc.pre(start !== undefined && end !== undefined && start < end);
        const cited_text = units.slice(start, end).join("");
        const citation = { ...charLocation("", [start, end]), cited_text };
        for (const back of told(clean, citation)) {
          assert.ok(isTrue(back, document), JSON.stringify(back));
          if (cutsNone(masked, units.slice(0, start).join("").length, cited_text.length)) {
            assert.equal(back["cited_text"], unmasked(cited_text, clean));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  for (const [name, start, end, cited] of [
    ["before what was masked", 0, 8, "Patient "],
    ["with it", 0, 32, `Patient ${NHS}`],
    ["of nothing else", 8, 31, NHS],
    ["behind it", 32, 43, "is on file."],
    ["up to its middle", 0, 20, `Patient ${NHS}`],
    ["from its middle", 12, 43, `${NHS} is on file.`],
  ] as const) {
    it(`is right ${name}`, async () => {
      const document = `Patient ${NHS} is on file.`;
      const clean = await cleaned([{ role: "user", content: [textDocument(document)] }]);
      const [masked = ""] = sentTexts(clean);
      assert.equal(masked.length, 8 + 23 + 12);
      for (const back of told(clean, charLocation(masked, [start, end]))) {
        assert.equal(String(back["cited_text"]).trimEnd(), cited.trimEnd());
        assert.ok(isTrue(back, document));
      }
    });
  }

  it("belongs to the document that it names, and documents inside tool results may count or not", async () => {
    const nested = { type: "tool_result", tool_use_id: "t", content: [textDocument(`x ${NHS} and more`)] };
    const last = textDocument(`the longer one has ${NHS} and that`);
    const clean = await cleaned([{ role: "user", content: [nested, last] }]);
    const masked = sentTexts(clean)[1] ?? "";
    const at = masked.indexOf("and that");
    for (const index of [0, 1]) {
      for (const back of told(clean, charLocation(masked, [at, at + 8], index))) {
        assert.deepEqual([back["start_char_index"], back["cited_text"]], [32, "and that"]);
      }
    }
  });

  for (const [name, change] of [
    ["to another text than it says", { cited_text: "something else" }],
    ["to a document that is not there", { document_index: 7 }],
    ["behind the end", { start_char_index: 900, end_char_index: 910 }],
    ["backwards", { start_char_index: 9, end_char_index: 3 }],
    ["with no number", { start_char_index: "3" }],
  ] as const) {
    it(`ends the answer when it points ${name}`, async () => {
      const clean = await cleaned([{ role: "user", content: [textDocument(`it is ${NHS} there`)] }]);
      const citation = { ...charLocation(sentTexts(clean)[0] ?? "", [0, 10]), ...change };
      assert.throws(() => told(clean, citation), { kind: "policy_blocked", message: /^citations: / });
    });
  }

  it("goes back to the upstream, in the history, as it came from there", async () => {
    const document = textDocument(`it is ${NHS} there`);
    const first = await cleaned([{ role: "user", content: [document] }]);
    const citation = charLocation(sentTexts(first)[0] ?? "", [6, 35]);
    const [back] = told(first, citation);
    assert.deepEqual([back["cited_text"], back["end_char_index"]], [`${NHS} there`, 24]);
    const history = [
      { role: "user", content: [document] },
      { role: "assistant", content: [{ type: "text", text: "so", citations: [back] }] },
      { role: "user", content: "go on" },
    ];
    const again = await cleaned(history);
    const { messages }: { messages: [object, { content: [{ citations: [object] }] }] } = JSON.parse(
      JSON.stringify(again.body),
    );
    assert.deepEqual(messages[1].content[0].citations, [citation]);
    assert.ok(!JSON.stringify(again.body).includes("943"));
  });
});

describe("a citation that counts blocks", () => {
  const content = [{ type: "text", text: `the number is ${NHS}` }];
  const custom = { type: "document", source: { type: "content", content }, citations: { enabled: true } };
  const searched = { type: "search_result", source: "notes", title: NHS, content, citations: { enabled: true } };

  for (const [type, block, more] of [
    ["content_block_location", custom, { document_index: 0, document_title: null }],
    ["search_result_location", searched, { search_result_index: 0, source: "notes", title: NHS }],
  ] as const) {
    it(`keeps its numbers and gets its values: ${type}`, async () => {
      const clean = await cleaned([{ role: "user", content: [block] }]);
      assert.ok(!JSON.stringify(clean.body).includes("943"));
      const name = /Qid\w{20}/.exec(JSON.stringify(clean.body))?.[0] ?? "";
      const asked = { type, ...more, cited_text: `the number is ${NHS}`, start_block_index: 0, end_block_index: 1 };
      const citation = JSON.parse(JSON.stringify(asked).replaceAll(NHS, name));
      for (const back of told(clean, citation)) assert.deepEqual(back, asked);
    });
  }
});

describe("what else counts the model's letters", () => {
  const counted = { logprobs: { content: [{ token: "Qid", logprob: -1 }] } };
  const annotations = [{ type: "url_citation", url_citation: { start_index: 0, end_index: 3, url: "x", title: "y" } }];

  it("does not come with a chat answer whose text has changed", async () => {
    const clean = await cleaned([{ role: "user", content: NHS }], "chat");
    const answers = answersOf("chat", clean.returning ?? assert.fail("nothing was masked"));
    const said = { content: "hello", annotations };
    const whole = answers?.whole({ choices: [{ index: 0, message: said, ...counted }] });
    assert.deepEqual(whole, { choices: [{ index: 0, message: { content: "hello" }, logprobs: null }] });
    const chunk = answers?.events().push({ choices: [{ index: 0, delta: said, ...counted }] });
    assert.deepEqual(chunk, [{ choices: [{ index: 0, delta: { content: "hello" }, logprobs: null }] }]);
  });
});
