// Stands between the upstream's bytes and what is made of them: the same answer, with the values in it. Only for requests in
// which something was found; all others keep their rewriter as it is.
import type { JsonObject } from "./json.ts";
import { plainRefusal } from "./refusal.ts";
import { parseAnswer, type Rewriter } from "./rewriter.ts";
import { EventReader, type ServerEvent } from "./wire/sse.ts";
import type { Usage } from "./wire/usage.ts";
import { answersOf, type Cleaned } from "./privacy/index.ts";

/** Largest answer that is held to be read whole. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** `operation` is the upstream's: values come back in its dialect, before the answer is put into the client's. */
export function restoring(inner: Rewriter, operation: string, { returning }: Cleaned): Rewriter {
  const answers = returning === undefined ? undefined : answersOf(operation, returning);
  if (answers === undefined) return inner;
  return inner.isStream ? new RestoringStream(inner, answers.events()) : new RestoringAnswer(inner, answers.whole);
}

class RestoringAnswer implements Rewriter {
  readonly isStream = false;
  readonly #inner: Rewriter;
  readonly #restore: (answer: JsonObject) => JsonObject;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(inner: Rewriter, restore: (answer: JsonObject) => JsonObject) {
    this.#inner = inner;
    this.#restore = restore;
  }

  get ping(): string {
    return this.#inner.ping;
  }

  begin(): string {
    return this.#inner.begin();
  }

  push(bytes: Buffer): string {
    this.#size += bytes.length;
    if (this.#size > MAX_ANSWER_BYTES) throw plainRefusal("api_error", "the upstream's answer is too large");
    this.#chunks.push(bytes);
    return "";
  }

  end(): string {
    const answer = this.#restore(parseAnswer(Buffer.concat(this.#chunks).toString("utf8")));
    return String(this.#inner.push(Buffer.from(JSON.stringify(answer)))) + this.#inner.end();
  }

  get usage(): Usage | undefined {
    return this.#inner.usage;
  }
}

type Events = { push(event: JsonObject): readonly JsonObject[] };

class RestoringStream implements Rewriter {
  readonly isStream = true;
  readonly #inner: Rewriter;
  readonly #events: Events;
  readonly #reader = new EventReader();

  constructor(inner: Rewriter, events: Events) {
    this.#inner = inner;
    this.#events = events;
  }

  get ping(): string {
    return this.#inner.ping;
  }

  begin(): string {
    return this.#inner.begin();
  }

  push(bytes: Buffer): string | Buffer {
    const events = this.#reader.push(bytes);
    // A piece of an event changes nothing yet, but the inner rewriter may have to begin.
    return this.#inner.push(Buffer.from(events.map((event) => this.#print(event)).join("")));
  }

  end(): string {
    const rest = this.#reader
      .end()
      .map((event) => this.#print(event))
      .join("");
    const last = rest === "" ? "" : String(this.#inner.push(Buffer.from(rest)));
    return last + this.#inner.end();
  }

  get usage(): Usage | undefined {
    return this.#inner.usage;
  }

  #print({ name, data }: ServerEvent): string {
    if (data.trim() === "[DONE]") return printed(name, data);
    const event = parseAnswer(data);
    return this.#events
      .push(event)
      .map((one) =>
        printed(name === undefined ? undefined : nameOf(one, name), one === event ? data : JSON.stringify(one)),
      )
      .join("");
  }
}

/** A delta that comes before a block's end has its own name; an error is one, whatever its type. */
function nameOf(event: JsonObject, name: string): string {
  if (name === "error") return name;
  return typeof event["type"] === "string" ? event["type"] : name;
}

function printed(name: string | undefined, data: string): string {
  const lines = data.split("\n").map((line) => `data: ${line}\n`);
  return `${name === undefined ? "" : `event: ${name}\n`}${lines.join("")}\n`;
}
