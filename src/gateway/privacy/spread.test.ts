// The next turn: what an answer brought back to the client stands in the history without the words by which it was known.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
// oxlint-disable-next-line no-restricted-imports -- the corpus is a case, made the same every time
import { corpus } from "../../../test/cases/privacy/generate.ts";
import type { JsonObject } from "../json.ts";
import { Privacy, PrivacyPolicy, type Cleaned } from "./index.ts";
import { restoredText } from "./tool-arguments.ts";

const { signal } = new AbortController();

function fresh(): Privacy {
  return new Privacy({
    policy: PrivacyPolicy.parse({}),
    dictionaries: [],
    secret: Buffer.alloc(32, 7),
    random: { bytes: (size) => Buffer.alloc(size, 3) },
  });
}

type Turn = { readonly role: string; readonly content: unknown };

async function cleaned(privacy: Privacy, messages: readonly Turn[]): Promise<Cleaned> {
  const [route, key] = [
    { alias: "hosted", residency: "global" },
    { id: "k", alias: null },
  ];
  return await privacy.clean({
    operation: "messages",
    body: { model: "m", messages },
    headers: {},
    route,
    key,
    signal,
  });
}

function said({ body }: { readonly body: JsonObject }): unknown[] {
  const { messages }: { messages: Turn[] } = JSON.parse(JSON.stringify(body));
  return messages.map(({ content }) => content);
}

const identifiers = corpus().flatMap(({ text, spans: [span] }) =>
  span === undefined ? [] : [{ text, kind: span.kind, value: text.slice(span.start, span.end) }],
);

describe("an identifier that was recognised once", () => {
  it("leaves in no later turn, whatever stands beside it: every line of the corpus", async () => {
    const privacy = fresh();
    for (const { text, kind, value } of identifiers) {
      const history = [
        { role: "user", content: text },
        { role: "assistant", content: `I have noted it: ${value}.` },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: `${value}\n` }] },
      ];
      const clean = await cleaned(privacy, history);
      const sent = said(clean);
      assert.ok(!JSON.stringify(sent.slice(1)).includes(JSON.stringify(value).slice(1, -1)), `${kind}: ${value}`);
      const { returning } = clean;
      assert.ok(returning !== undefined && typeof sent[1] === "string");
      assert.equal(restoredText(sent[1], returning), `I have noted it: ${value}.`);
    }
  });

  it("is the same in a history that grew turn by turn as in one that is new", async () => {
    const pieces = fc.constantFrom(
      ...identifiers.filter((_, n) => n % 97 === 0).flatMap(({ text, value }) => [text, `it is ${value} here`]),
      "born 12/03/1961 in Leeds",
      "say 12/03/1961 again",
      "x".repeat(2100),
    );
    const turns = fc.array(
      fc.array(pieces, { minLength: 1, maxLength: 4 }).map((all) => all.join("\n")),
      {
        minLength: 1,
        maxLength: 5,
      },
    );
    await fc.assert(
      fc.asyncProperty(turns, fc.boolean(), async (texts, isLong) => {
        const messages = texts.map((content, n) => ({
          role: n % 2 === 0 ? "user" : "assistant",
          content: isLong ? content.padEnd(2200, " .") : content,
        }));
        const growing = fresh();
        for (let n = 1; n < messages.length; n += 1) await cleaned(growing, messages.slice(0, n));
        assert.deepEqual(said(await cleaned(growing, messages)), said(await cleaned(fresh(), messages)));
      }),
      { numRuns: 150 },
    );
  });

  it("does not change what was sent before, when a turn brings nothing new", async () => {
    const privacy = fresh();
    const history = [
      { role: "user", content: `born 12/03/1961 ${"and so on. ".repeat(300)}` },
      { role: "assistant", content: "It is 12/03/1961." },
    ];
    const before = said(await cleaned(privacy, history));
    const after = said(await cleaned(privacy, [...history, { role: "user", content: "thanks" }]));
    assert.deepEqual(after.slice(0, 2), before);
    assert.match(String(before[1]), /^It is QidBorn\w{16}\.$/);
  });

  it("is no part of another word or number", async () => {
    const others = "112/03/1961, 12/03/19611, a12/03/1961, 12/03/1961b";
    const clean = await cleaned(fresh(), [
      { role: "user", content: "born 12/03/1961" },
      { role: "assistant", content: others },
    ]);
    assert.equal(said(clean)[1], others);
  });

  it("is found among many others", async () => {
    const many = identifiers.filter(({ kind }) => kind === "utr" || kind === "vehicle").slice(0, 200);
    const history = [
      { role: "user", content: many.map(({ text }) => text).join("\n") },
      { role: "assistant", content: many.map(({ value }) => `<${value}>`).join(" ") },
    ];
    const [, again] = said(await cleaned(fresh(), history));
    assert.match(String(again), /^(?:<Qid\w{20}> ?){200}$/);
  });
});
