// What reads bytes from outside in the gateway, each as a function of bytes that says how it ended. A refusal is an ending;
// anything else that is thrown, or a promise that does not hold, is a bug.
import assert from "node:assert/strict";
import { parseBody } from "../../../src/gateway/body.ts";
import { PassedChatStream, PassedMessagesStream } from "../../../src/gateway/passed.ts";
import { inspectChat, inspectMessages } from "../../../src/gateway/policy.ts";
import { refuseReach } from "../../../src/gateway/reach.ts";
import { Refusal } from "../../../src/gateway/refusal.ts";
import type { Rewriter } from "../../../src/gateway/rewriter.ts";
import { ChatToMessages, MessagesToChat, WholeAnswer } from "../../../src/gateway/translated.ts";
import { fromChat } from "../../../src/gateway/wire/from-chat.ts";
import { fromMessages } from "../../../src/gateway/wire/from-messages.ts";
import { EventReader } from "../../../src/gateway/wire/sse.ts";
import { toChat } from "../../../src/gateway/wire/to-chat.ts";
import { toMessages } from "../../../src/gateway/wire/to-messages.ts";
import { toolNames } from "../../../src/gateway/wire/tool-names.ts";
import { upstreamError } from "../../../src/gateway/wire/upstream-error.ts";
import { usageFromChat, usageFromMessages, type Usage } from "../../../src/gateway/wire/usage.ts";
import { fetchable, uninspected } from "./uninspected.ts";

/** Answers with a word for the way it took; `cut` splits streams in different places. */
export type Target = (bytes: Buffer, cut: number) => string;

const abilities = { model: "worker", images: true, reasoning: true, thinking: "template" as const, topK: true };

function context() {
  const estimate = { input: 9, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0 };
  return { id: "1", model: "m", created: 1, names: toolNames(["look"]), stopSequences: ["END"], estimate };
}

export const targets: Readonly<Record<string, Target>> = {
  body: (bytes) => `${Math.min(Object.keys(parseBody(bytes)).length, 3)} members`,
  "messages-policy": (bytes) => {
    const body = parseBody(bytes);
    const survey = inspectMessages(body, "global");
    assert.deepEqual(inspectMessages(parseBody(Buffer.from(JSON.stringify(body))), "global"), survey);
    assert.equal(uninspected(body), undefined, "a source that policy forbids was let through");
    return `let through ${Object.values(survey).map(Math.sign).join("")}`;
  },
  "chat-policy": (bytes) => `let through ${Object.values(inspectChat(parseBody(bytes))).map(Math.sign).join("")}`,
  "local-policy": (bytes) => {
    const body = parseBody(bytes);
    refuseReach(body);
    assert.equal(fetchable(body), undefined, "something that a worker would fetch was let through");
    return `let through ${Object.keys(body).length > 3}`;
  },
  "to-chat": (bytes) => written(toChat(parseBody(bytes), abilities)),
  "to-messages": (bytes) => written(toMessages(parseBody(bytes), { model: "m", maxTokens: 10 })),
  "from-chat": (bytes, cut) =>
    rewritten(new WholeAnswer((answer) => usageFromChat(answer["usage"]), (answer) => fromChat(answer, context())), bytes, cut),
  "from-messages": (bytes, cut) =>
    rewritten(
      new WholeAnswer((answer) => usageFromMessages(answer["usage"]), (answer) => fromMessages(answer, context())),
      bytes,
      cut,
    ),
  "chat-stream": (bytes, cut) => rewritten(new ChatToMessages(context()), bytes, cut),
  "messages-stream": (bytes, cut) => rewritten(new MessagesToChat(context(), { withUsage: true }), bytes, cut),
  "passed-messages": (bytes, cut) => sameWhereverCut(() => new PassedMessagesStream({ isPinged: true }), bytes, cut),
  "passed-chat": (bytes, cut) => sameWhereverCut(() => new PassedChatStream(true), bytes, cut),
  events: (bytes, cut) => {
    const [whole, split] = [read(bytes, [bytes]), read(bytes, pieces(bytes, cut))];
    assert.deepEqual(split, whole, "a split changes the events");
    return `${Math.min(whole.length, 3)} events`;
  },
  "upstream-error": (bytes) => {
    const refusal = upstreamError(400 + (bytes[0] ?? 0), parseBody(bytes), { sent: new Set(), inputEstimate: 9 }, "2");
    return `${refusal.kind} ${refusal.message.length > 0}`;
  },
};

/** How one execution ended. Throws whatever is a bug. */
export function execute(target: Target, bytes: Buffer, cut: number): string {
  try {
    return target(bytes, cut);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // Without the place and without names from outside: those are no ways of their own.
    return `${error.kind}: ${error.message.split(": ").at(-1)?.split(" ").slice(0, 4).join(" ").replace(/\d+/g, "N")}`;
  } finally {
    assert.equal(Object.keys(Object.prototype).length, 0, "Object.prototype was changed");
  }
}

function written(value: object): string {
  return Object.keys(JSON.parse(JSON.stringify(value))).sort().join(" ");
}

function pieces(bytes: Buffer, cut: number): Buffer[] {
  const size = Math.max(1, cut);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

function rewritten(rewriter: Rewriter, bytes: Buffer, cut: number): string {
  const texts = pieces(bytes, cut).map((piece) => rewriter.push(piece).toString());
  texts.push(rewriter.end());
  checkUsage(rewriter.usage);
  const kinds = new Set(texts.join("").match(/"(type|finish_reason|stop_reason)":"\w+"/g));
  return [...kinds].sort().join(" ").slice(0, 200);
}

/** Bytes pass as they are, and the counts do not depend on where the network cut them. */
function sameWhereverCut(make: () => Rewriter, bytes: Buffer, cut: number): string {
  const [whole, split] = [make(), make()];
  const passed = pieces(bytes, cut).map((piece) => Buffer.from(split.push(piece)));
  split.end();
  whole.push(bytes);
  whole.end();
  assert.ok(Buffer.concat(passed).equals(bytes), "bytes were changed on their way");
  assert.deepEqual(split.usage, whole.usage, "a split changes the counts");
  checkUsage(whole.usage);
  return whole.usage === undefined ? "uncounted" : "counted";
}

function checkUsage(usage: Usage | undefined): void {
  const { geo: _, ...counts } = usage ?? { geo: undefined };
  for (const count of Object.values(counts)) assert.ok(Number.isSafeInteger(count) && count >= 0, `a count of ${count}`);
}

function read(bytes: Buffer, parts: readonly Buffer[]) {
  const reader = new EventReader();
  // A last line's end makes the last event whole in both readings.
  return [...parts, Buffer.from(bytes.length > 0 ? "\n\n" : "")].flatMap((part) => reader.push(part)).concat(reader.end());
}
