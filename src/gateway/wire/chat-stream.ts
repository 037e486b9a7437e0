// A worker's chat stream as Anthropic events: one open block at a time, tool calls in order although their pieces may
// interleave, usage from whichever chunk brings it. State lives for one answer only.
import { isObject, stringOr, type JsonObject } from "../json.ts";
import { reasoningOf, saidIn } from "../said.ts";
import { CHARS_PER_TOKEN, toolIdStem, type FromChatContext } from "./from-chat.ts";
import { localSignature } from "./provenance.ts";
import { stopFromChat } from "./stop-reasons.ts";
import { messagesUsage, usageFromChat, type Usage } from "./usage.ts";

type TextKind = "thinking" | "text";

type Block = { readonly kind: TextKind } | { readonly kind: "tool"; readonly call: number };

type Call = { name: string; pending: string };

export class ChatStream {
  readonly #context: FromChatContext;
  #index = -1;
  #open: Block | undefined;
  readonly #calls = new Map<number, Call>();
  /** By the worker's index: the call that its pieces belong to now, and that call's id. */
  readonly #slots = new Map<number, { readonly at: number; readonly id: string }>();
  /** Texts that came while a tool call was open; they follow the calls. */
  readonly #after: { readonly kind: TextKind; readonly text: string }[] = [];
  #finish: JsonObject | undefined;
  #usage: Usage | undefined;
  #written = 0;

  constructor(context: FromChatContext) {
    this.#context = context;
  }

  /** Sent before the first byte of the worker is there: Claude Code gives up after 300 silent seconds. */
  start(): JsonObject {
    const { id, model, estimate } = this.#context;
    const usage = messagesUsage({ ...estimate, output: 0 });
    const message = { id: `msg_${id}`, type: "message", role: "assistant", model, content: [] };
    return { type: "message_start", message: { ...message, stop_reason: null, stop_sequence: null, usage } };
  }

  push(chunk: JsonObject): JsonObject[] {
    const choices = chunk["choices"];
    const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
    if (isObject(choice) && stringOr(choice["finish_reason"], "") !== "") this.#finish = choice;
    // Some workers count along the way: what was counted before the end is no final count.
    if (this.#finish !== undefined) this.#usage = usageFromChat(chunk["usage"]) ?? this.#usage;
    if (!isObject(choice)) return [];
    const delta = isObject(choice["delta"]) ? choice["delta"] : {};
    // A chunk may bring several kinds and the finish reason at once: nothing in it may be lost.
    return [
      ...this.#text("thinking", reasoningOf(delta)),
      ...this.#text("text", saidIn(delta)),
      ...this.#toolCalls(delta["tool_calls"]),
    ];
  }

  /** The end of a stream that ended well. */
  end(): JsonObject[] {
    const calls = [...this.#laterCalls(), ...this.#close()];
    // White space between calls is what a template left over.
    const after = this.#after
      .filter(({ text }) => text.trim() !== "")
      .flatMap(({ kind, text }) => this.#text(kind, text));
    const rest = [...calls, ...after, ...this.#close()];
    const stop = stopFromChat(this.#finish ?? {}, this.#calls.size > 0, this.#context.stopSequences);
    return [
      ...rest,
      { type: "message_delta", delta: stop, usage: messagesUsage(this.usage ?? this.#estimate()) },
      { type: "message_stop" },
    ];
  }

  /** Whether the worker said that it was done; a stream without is one that broke off. */
  get isFinished(): boolean {
    return this.#finish !== undefined;
  }

  get usage(): Usage | undefined {
    return this.#usage;
  }

  #estimate(): Usage {
    return { ...this.#context.estimate, output: Math.ceil(this.#written / CHARS_PER_TOKEN) };
  }

  #text(kind: TextKind, text: string): JsonObject[] {
    if (text === "") return [];
    if (this.#open?.kind === "tool") {
      this.#after.push({ kind, text });
      return [];
    }
    this.#written += text.length;
    const delta = kind === "text" ? { type: "text_delta", text } : { type: "thinking_delta", thinking: text };
    if (this.#open?.kind === kind) return [this.#delta(delta)];
    const block = kind === "text" ? { type: "text", text: "" } : { type: "thinking", thinking: "", signature: "" };
    return [...this.#close(), this.#start({ kind }, block), this.#delta(delta)];
  }

  #toolCalls(value: unknown): JsonObject[] {
    if (!Array.isArray(value)) return [];
    return value.filter(isObject).flatMap((piece) => this.#piece(piece));
  }

  #piece(piece: JsonObject): JsonObject[] {
    const at = this.#callOf(piece);
    const called = isObject(piece["function"]) ? piece["function"] : {};
    const written = called["arguments"];
    const text = isObject(written) ? JSON.stringify(written) : stringOr(written, "");
    this.#written += text.length;
    const known = this.#calls.get(at);
    const call = known ?? { name: stringOr(called["name"], ""), pending: "" };
    call.pending += text;
    if (known === undefined) this.#calls.set(at, call);
    // Blocks cannot interleave: a later call waits until the open one's turn is over.
    if (this.#open?.kind === "tool" && this.#open.call === at) return this.#arguments(call);
    return this.#open?.kind === "tool" ? [] : this.#openCall(at, call);
  }

  /**
   * Some workers leave the index out: a piece with a name then begins a call, one without goes on with the last. Ollama gives
   * every parallel call the index 0 (ollama#15457): a name with another id is another call. vLLM repeats the id in every piece.
   */
  #callOf(piece: JsonObject): number {
    const { index } = piece;
    const named = isObject(piece["function"]) && stringOr(piece["function"]["name"], "") !== "";
    if (typeof index !== "number") return named ? this.#calls.size : this.#calls.size - 1;
    const id = stringOr(piece["id"], "");
    const known = this.#slots.get(index);
    const isAnother = named && id !== "" && known?.id !== "" && id !== known?.id;
    if (known !== undefined && !isAnother) return known.at;
    const slot = { at: this.#calls.size, id };
    this.#slots.set(index, slot);
    return slot.at;
  }

  #openCall(at: number, call: Call): JsonObject[] {
    const { id, names } = this.#context;
    const nth = [...this.#calls.keys()].indexOf(at);
    const block = {
      type: "tool_use",
      id: `${toolIdStem(id)}${nth}`,
      name: names.get(call.name) ?? call.name,
      input: {},
    };
    return [...this.#close(), this.#start({ kind: "tool", call: at }, block), ...this.#arguments(call)];
  }

  #arguments(call: Call): JsonObject[] {
    const text = call.pending;
    call.pending = "";
    return text === "" ? [] : [this.#delta({ type: "input_json_delta", partial_json: text })];
  }

  /** The calls that waited behind the open one. */
  #laterCalls(): JsonObject[] {
    const open = this.#open;
    if (open?.kind !== "tool") return [];
    const all = [...this.#calls];
    const later = all.slice(all.findIndex(([at]) => at === open.call) + 1);
    return later.flatMap(([at, call]) => this.#openCall(at, call));
  }

  #start(block: Block, content: JsonObject): JsonObject {
    this.#index += 1;
    this.#open = block;
    return { type: "content_block_start", index: this.#index, content_block: content };
  }

  #delta(delta: JsonObject): JsonObject {
    return { type: "content_block_delta", index: this.#index, delta };
  }

  #close(): JsonObject[] {
    if (this.#open === undefined) return [];
    const signed =
      this.#open.kind === "thinking" ? [this.#delta({ type: "signature_delta", signature: localSignature })] : [];
    this.#open = undefined;
    return [...signed, { type: "content_block_stop", index: this.#index }];
  }
}
