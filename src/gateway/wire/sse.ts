// Server-sent events, read from chunks that may split anywhere (inside a line, inside a character) and written again.

export type ServerEvent = { readonly name: string | undefined; readonly data: string };

/** Longest event that is held back for its end. */
const MAX_EVENT_CHARS = 32 * 1024 * 1024;

const LF = 0x0a;

export class EventReader {
  readonly #decoder = new TextDecoder("utf-8");
  #rest = "";
  #isBetween = true;

  /**
   * Whether this chunk holds whole events and none that could contain one of `words`: then it need not be pushed.
   * Most chunks of a stream are one small event, and hundreds of streams make tens of thousands a second.
   */
  maySkip(chunk: Buffer, words: readonly string[]): boolean {
    const { length } = chunk;
    if (!this.#isBetween || chunk[length - 1] !== LF || chunk[length - 2] !== LF) return false;
    return !words.some((word) => chunk.includes(word, 0, "latin1"));
  }

  /** Nothing of an event that has not ended is held: something else may be said here. */
  get isBetween(): boolean {
    return this.#isBetween;
  }

  /** The events that are complete with this chunk. Comments and events without data are left out. */
  push(chunk: Uint8Array): ServerEvent[] {
    const text = this.#rest + this.#decoder.decode(chunk, { stream: true });
    // A carriage return at the very end may be the first half of a line's end.
    const usable = text.endsWith("\r") ? text.length - 1 : text.length;
    const blocks = text.slice(0, usable).split(/\r\n\r\n|\n\n|\r\r/);
    this.#rest = (blocks.pop() ?? "") + text.slice(usable);
    // A chunk that ends inside a character does not end with a line's end.
    this.#isBetween = this.#rest === "" && chunk.at(-1) === LF;
    if (this.#rest.length > MAX_EVENT_CHARS) throw new RangeError("an event of the upstream does not end");
    return blocks.map(parseEvent).filter((event) => event !== undefined);
  }

  /** What stands there when the stream ends without its last blank line. */
  end(): ServerEvent[] {
    const event = parseEvent(this.#rest + this.#decoder.decode());
    this.#rest = "";
    return event === undefined ? [] : [event];
  }
}

function parseEvent(block: string): ServerEvent | undefined {
  let name: string | undefined;
  const data: string[] = [];
  for (const line of block.split(/\r\n|\n|\r/)) {
    // The s flag: U+2028 inside data ends no line here, though it would end one for a plain dot.
    const [, field, value] = /^(event|data|error): ?(.*)$/s.exec(line) ?? [];
    if (field === "event") name = value;
    else if (value !== undefined) data.push(value);
    // No field of the standard's: llama.cpp tells of its failure like this.
    if (field === "error") name = "error";
  }
  return data.length === 0 ? undefined : { name, data: data.join("\n") };
}

export function printEvent(data: object, name?: string): string {
  return `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
}
