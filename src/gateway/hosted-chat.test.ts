// Personal data on its way to a hosted chat model and back, where that model answers in shapes of its own.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { it, type TestContext } from "node:test";
import { parse, stringify } from "yaml";
import { gatewayFixture } from "./gateway-fixture.ts";
import type { Scripted, Seen } from "./scripted-answers.ts";
import { printEvent } from "./wire/sse.ts";

const MAIL = "jane.doe@example.co.uk";
const usage = { prompt_tokens: 9, completion_tokens: 9 };

async function house(t: TestContext, script: (said: string, isStream: boolean) => Scripted) {
  const answer = ({ body }: Seen): Scripted => {
    const { messages, stream } = JSON.parse(body);
    return script(String(messages[0].content), stream === true);
  };
  const made = await gatewayFixture(t, { script: answer });
  const config = parse(made.configText());
  const { upstream, keyFile } = config.routes["claude-hosted"];
  config.routes.hosted = { upstream, keyFile, dialect: "openai", model: "claude-sonnet-4-6", residency: "global" };
  writeFileSync(made.configFile, stringify(config));
  await made.restart();
  const headers = { "x-api-key": await made.issue() };
  const ask = async (path: string, stream: boolean): Promise<string> => {
    const messages = [{ role: "user", content: MAIL }];
    return (await made.post(path, { model: "hosted", max_tokens: 99, stream, messages }, headers)).text;
  };
  return { ...made, ask };
}

it("values come back into an answer in parts, in both dialects, whole and streamed", async (t) => {
  const { ask, worker } = await house(t, (said, isStream) => {
    const content = [
      { type: "thinking", thinking: [{ type: "text", text: "hmm" }] },
      { type: "text", text: said },
    ];
    if (!isStream) {
      const whole = { choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }], usage };
      return { headers: { "content-type": "application/json" }, parts: [JSON.stringify(whole)] };
    }
    const chunks = [
      { choices: [{ index: 0, delta: { content }, finish_reason: "" }] },
      { choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage },
    ];
    return { headers: { "content-type": "text/event-stream" }, parts: chunks.map((chunk) => printEvent(chunk)) };
  });
  for (const path of ["/v1/chat/completions", "/v1/messages"]) {
    for (const isStream of [false, true]) {
      const text = await ask(path, isStream);
      assert.ok(text.includes(MAIL) && text.includes('"hmm"'), text);
    }
  }
  assert.equal(worker.seen.length, 4);
  assert.ok(!JSON.stringify(worker.seen).includes(MAIL));
});

it("llama.cpp's word of its failure keeps its words when values are put back", async (t) => {
  const failure = `error: ${JSON.stringify({ code: 500, message: "slot is gone", type: "server_error" })}\n\n`;
  const chunk = printEvent({ choices: [{ index: 0, delta: { content: "a" }, finish_reason: null }] });
  const parts = [chunk, failure];
  const { ask } = await house(t, () => ({ headers: { "content-type": "text/event-stream" }, parts }));
  for (const path of ["/v1/chat/completions", "/v1/messages"]) assert.match(await ask(path, true), /slot is gone/);
});
