// The inputs that fuzzing starts from: the translation's case files, and what earlier runs found to take a way of its own.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const CASES = join(import.meta.dirname, "../../test/cases");

/** Which folders of case files hold something like a target's input, and in which member. */
const FROM: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  body: [["to-chat", "request"]],
  "messages-policy": [["to-chat", "request"]],
  "chat-policy": [["to-messages", "request"]],
  "local-policy": [
    ["to-chat", "request"],
    ["to-messages", "request"],
  ],
  "to-chat": [["to-chat", "request"]],
  "to-messages": [["to-messages", "request"]],
  "from-chat": [["from-chat", "answer"]],
  "from-messages": [["from-messages", "answer"]],
  "chat-stream": [["chat-stream", "chunks"]],
  "messages-stream": [["messages-stream", "events"]],
  "passed-messages": [["messages-stream", "events"]],
  "passed-chat": [["chat-stream", "chunks"]],
  events: [
    ["messages-stream", "events"],
    ["chat-stream", "chunks"],
  ],
  "upstream-error": [["upstream-error", "body"]],
};

export function corpusFile(target: string): string {
  return join(CASES, "gateway-fuzz", `${target}.json`);
}

/** What was kept, one input an element, as base64. */
export function keptInputs(target: string): Buffer[] {
  const file = corpusFile(target);
  const kept: unknown = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
  return Array.isArray(kept) ? kept.map((one) => Buffer.from(String(one), "base64")) : [];
}

export function seedsOf(target: string): Buffer[] {
  const cases = (FROM[target] ?? []).flatMap(([folder, member]) =>
    readdirSync(join(CASES, "gateway", folder)).map((name) => {
      const given: Record<string, unknown> = JSON.parse(readFileSync(join(CASES, "gateway", folder, name), "utf8"));
      return asInput(given[member]);
    }),
  );
  return [...cases, ...keptInputs(target)];
}

function asInput(value: unknown): Buffer {
  if (!Array.isArray(value)) return Buffer.from(JSON.stringify(value ?? {}));
  const events = value.map((one: { readonly type?: string }) => {
    const name = one.type === undefined ? "" : `event: ${one.type}\n`;
    return `${name}data: ${JSON.stringify(one)}\n\n`;
  });
  return Buffer.from(events.join(""));
}
