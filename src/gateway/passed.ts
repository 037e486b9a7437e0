// Streams of the client's own dialect: the bytes pass, the token counts are read along the way.
import { isObject } from "./json.ts";
import { plainRefusal, type Refusal } from "./refusal.ts";
import { parseAnswer, parseEventData, UntilFailure, type Rewriter } from "./rewriter.ts";
import { EventReader, printEvent, type ServerEvent } from "./wire/sse.ts";
import { gaveUp, hasGivenUp } from "./wire/stop-reasons.ts";
import { failureIn } from "./wire/upstream-error.ts";
import { mergeUsage, usageFromChat, usageFromMessages, type Usage } from "./wire/usage.ts";

/** What the events hold that are read: counts, the end, and the upstream's own word of its failure. */
const TOLD_IN_MESSAGES = ["message_", "event: error", "event:error"];
const TOLD_IN_CHAT = ['"usage"', "[DONE]", '"finish_reason":"', '"finish_reason": "', '"error"', "error: "];

/** Some workers say "" until there is a reason. */
const FINISHED = /"finish_reason": ?"([^"]+)"/;

const PING = printEvent({ type: "ping" }, "ping");

/** A stream that ends without its end must not look whole. */
function brokenOff(): Refusal {
  return plainRefusal("overloaded_error", "the upstream broke off");
}

export class PassedMessagesStream implements Rewriter {
  readonly isStream = true;
  readonly #events = new EventReader();
  readonly #isPinged: boolean;
  #counts: unknown;
  #isCounted = false;
  #isFinished = false;

  /** Anthropic keeps its streams alive itself; workers that speak its dialect keep silent while they read a long prompt. */
  constructor(options: { readonly isPinged: boolean }) {
    this.#isPinged = options.isPinged;
  }

  begin(): string {
    return "";
  }

  get ping(): string {
    return this.#isPinged && this.#events.isBetween ? PING : "";
  }

  push(bytes: Buffer): Buffer {
    if (this.#events.maySkip(bytes, TOLD_IN_MESSAGES)) return bytes;
    for (const event of this.#events.push(bytes)) this.#read(event);
    return bytes;
  }

  end(): string {
    for (const event of this.#events.end()) this.#read(event);
    if (!this.#isFinished) throw brokenOff();
    return "";
  }

  get usage(): Usage | undefined {
    return this.#isCounted ? usageFromMessages(this.#counts) : undefined;
  }

  /** Only these events count; the many deltas are not even parsed. An upstream that tells of its own failure has ended too. */
  #read({ name, data }: ServerEvent): void {
    this.#isFinished ||= name === "message_delta" || name === "message_stop" || name === "error";
    if (name !== "message_start" && name !== "message_delta") return;
    const event = parseEventData({ name, data });
    const message = isObject(event["message"]) ? event["message"] : event;
    if (!isObject(message["usage"])) return;
    this.#isCounted = name === "message_delta";
    this.#counts = mergeUsage(this.#counts, message["usage"]);
  }
}

/** The upstream is always asked for its counts; a client that did not ask does not get the chunk that brings them. */
export class PassedChatStream implements Rewriter {
  readonly isStream = true;
  readonly ping = "";
  readonly #events = new EventReader();
  readonly #withUsage: boolean;
  readonly #told = new UntilFailure<ServerEvent[]>();
  #usage: Usage | undefined;
  #isFinished = false;

  constructor(withUsage: boolean) {
    this.#withUsage = withUsage;
  }

  begin(): string {
    return "";
  }

  push(bytes: Buffer): string | Buffer {
    if (this.#events.maySkip(bytes, TOLD_IN_CHAT)) return bytes;
    const events = this.#events.push(bytes);
    const kept = this.#kept(events);
    // Bytes pass as they came, unless something among them does not.
    return this.#withUsage && kept.length === events.length ? bytes : print(kept);
  }

  end(): string {
    const kept = this.#kept(this.#events.end());
    if (!this.#isFinished) throw brokenOff();
    return this.#withUsage ? "" : print(kept);
  }

  get usage(): Usage | undefined {
    return this.#usage;
  }

  #kept(events: readonly ServerEvent[]): ServerEvent[] {
    return this.#told.read(events, (event) => (this.#keep(event) || this.#withUsage ? [event] : [])).flat();
  }

  /** Throws Refusal for a failure that an SDK would not see in it; it is then told in OpenAI's own way. */
  #keep(event: ServerEvent): boolean {
    const { name, data } = event;
    const reason = FINISHED.exec(data)?.[1];
    if (hasGivenUp(reason)) throw gaveUp();
    this.#isFinished ||= data.trim() === "[DONE]" || reason !== undefined;
    if (name === "error") parseEventData(event);
    if (!data.includes('"usage"') && !data.includes('"error"')) return true;
    const chunk = parseAnswer(data);
    const failure = failureIn(chunk);
    if (failure !== undefined && chunk["object"] === "error") throw failure;
    this.#isFinished ||= failure !== undefined;
    // Some workers count along the way: what was counted before the end is no final count.
    if (this.#isFinished) this.#usage = usageFromChat(chunk["usage"]) ?? this.#usage;
    return !(Array.isArray(chunk["choices"]) && chunk["choices"].length === 0);
  }
}

function print(events: readonly ServerEvent[]): string {
  return events.map(({ data }) => `data: ${data}\n\n`).join("");
}
