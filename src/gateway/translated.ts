// Answers that change on their way: whole ones are read to their end, streams are put into the other dialect as they come.
import type { JsonObject } from "./json.ts";
import { plainRefusal } from "./refusal.ts";
import { parseAnswer, parseEventData, UntilFailure, type Rewriter } from "./rewriter.ts";
import { ChatStream } from "./wire/chat-stream.ts";
import type { FromChatContext } from "./wire/from-chat.ts";
import type { FromMessagesContext } from "./wire/from-messages.ts";
import { MessagesStream } from "./wire/messages-stream.ts";
import { EventReader, printEvent, type ServerEvent } from "./wire/sse.ts";
import { failureIn } from "./wire/upstream-error.ts";
import type { Usage } from "./wire/usage.ts";

/** Largest answer that is held to be read whole. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export class WholeAnswer implements Rewriter {
  readonly isStream = false;
  readonly ping = "";
  readonly #chunks: Buffer[] = [];
  readonly #usageOf: (answer: JsonObject) => Usage | undefined;
  readonly #change: ((answer: JsonObject) => JsonObject) | undefined;
  #size = 0;
  #usage: Usage | undefined;

  /** Without `change` the text goes on as it came. */
  constructor(usageOf: (answer: JsonObject) => Usage | undefined, change?: (answer: JsonObject) => JsonObject) {
    this.#usageOf = usageOf;
    this.#change = change;
  }

  begin(): string {
    return "";
  }

  push(bytes: Buffer): string {
    this.#size += bytes.length;
    if (this.#size > MAX_ANSWER_BYTES) throw plainRefusal("api_error", "the upstream's answer is too large");
    this.#chunks.push(bytes);
    return "";
  }

  end(): string {
    const text = Buffer.concat(this.#chunks).toString("utf8");
    const answer = parseAnswer(text);
    const failure = failureIn(answer);
    if (failure !== undefined) throw failure;
    this.#usage = this.#usageOf(answer);
    return this.#change === undefined ? text : JSON.stringify(this.#change(answer));
  }

  get usage(): Usage | undefined {
    return this.#usage;
  }
}

/** A worker's chat stream for an Anthropic client. */
export class ChatToMessages implements Rewriter {
  readonly isStream = true;
  readonly ping = printEvent({ type: "ping" }, "ping");
  readonly #events = new EventReader();
  readonly #stream: ChatStream;
  readonly #told = new UntilFailure<JsonObject[]>();
  #begun = false;

  constructor(context: FromChatContext) {
    this.#stream = new ChatStream(context);
  }

  begin(): string {
    if (this.#begun) return "";
    this.#begun = true;
    return print([this.#stream.start()]);
  }

  push(bytes: Buffer): string {
    return this.begin() + print(this.#read(this.#events.push(bytes)));
  }

  end(): string {
    const last = this.#read(this.#events.end());
    if (!this.#stream.isFinished) throw plainRefusal("overloaded_error", "the upstream broke off");
    return this.begin() + print([...last, ...this.#stream.end()]);
  }

  get usage(): Usage | undefined {
    return this.#stream.usage;
  }

  #read(events: readonly ServerEvent[]): JsonObject[] {
    return this.#told
      .read(events, (event) => (event.data.trim() === "[DONE]" ? [] : this.#stream.push(parseEventData(event))))
      .flat();
  }
}

function print(events: readonly JsonObject[]): string {
  return events.map((event) => printEvent(event, String(event["type"]))).join("");
}

/** An Anthropic stream for a chat client. */
export class MessagesToChat implements Rewriter {
  readonly isStream = true;
  /** A comment: every client skips it. */
  readonly ping = ": ping\n\n";
  readonly #events = new EventReader();
  readonly #stream: MessagesStream;
  readonly #told = new UntilFailure<JsonObject[]>();

  constructor(context: FromMessagesContext, options: { readonly withUsage: boolean }) {
    this.#stream = new MessagesStream(context, options);
  }

  begin(): string {
    return "";
  }

  push(bytes: Buffer): string {
    return this.#read(this.#events.push(bytes));
  }

  end(): string {
    const last = this.#read(this.#events.end());
    if (!this.#stream.isFinished) throw plainRefusal("overloaded_error", "the upstream broke off");
    return `${last}data: [DONE]\n\n`;
  }

  get usage(): Usage | undefined {
    return this.#stream.usage;
  }

  #read(events: readonly ServerEvent[]): string {
    const chunks = this.#told.read(events, (event) => this.#stream.push(parseEventData(event)));
    return chunks
      .flat()
      .map((chunk) => printEvent(chunk))
      .join("");
  }
}
