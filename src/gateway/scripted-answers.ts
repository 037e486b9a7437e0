// What the scripted worker answers when a test has no script of its own: fixed texts that name the stand-in.

export const LABEL = "scripted worker (stand-in, no model)";

export type Seen = {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type Scripted = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The answer's parts, written one by one. */
  readonly parts: Iterable<string | Uint8Array>;
  /** Milliseconds before the status. */
  readonly headMs?: number;
  /** Milliseconds between two parts. */
  readonly gapMs?: number;
  /** How it ends: properly, by cutting the connection, or never. */
  readonly end?: "close" | "cut" | "hang";
  /** Says nothing at all, not even a status. */
  readonly isMute?: boolean;
};

export function standardAnswer({ path, body }: Seen): Scripted {
  const asked: unknown = JSON.parse(body === "" ? "{}" : body);
  const stream = typeof asked === "object" && asked !== null && "stream" in asked && asked.stream === true;
  switch (path.split("?")[0]) {
    case "/v1/messages":
      return stream ? events(messageEvents(saidIn(asked))) : json(message(saidIn(asked)));
    case "/v1/messages/count_tokens":
      return json({ input_tokens: Math.ceil(body.length / 4) });
    case "/v1/chat/completions":
      return stream ? events(chatEvents(saidIn(asked))) : json(chat(saidIn(asked)));
    case "/v1/embeddings":
      return json(embeddings());
    case "/v1/models":
      return json({ object: "list", data: [{ id: "stand-in", object: "model", max_model_len: 32_768 }] });
    default:
      return { ...json({ error: { type: "not_found_error", message: LABEL } }), status: 404 };
  }
}

function json(value: object): Scripted {
  return { headers: { "content-type": "application/json" }, parts: [JSON.stringify(value)] };
}

function events(parts: readonly string[]): Scripted {
  return { headers: { "content-type": "text/event-stream" }, parts };
}

/** What the last message asks to hear again, so that a rehearsal sees values come back; else a greeting. */
function saidIn(asked: unknown): string {
  const messages = typeof asked === "object" && asked !== null && "messages" in asked ? asked.messages : undefined;
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  const wish = /Say this back: (.{1,200}?)(?:"|$)/.exec(JSON.stringify(last) ?? "")?.[1];
  return wish === undefined ? `${LABEL}.` : `${LABEL}: ${wish}`;
}

const USAGE = { input_tokens: 12, output_tokens: 7 };

function message(said: string): object {
  return {
    id: "msg_standin",
    type: "message",
    role: "assistant",
    model: "stand-in",
    content: [{ type: "text", text: `Hello from the ${said}` }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: USAGE,
  };
}

function messageEvents(said: string): string[] {
  const start = { ...message(said), content: [], stop_reason: null, usage: { ...USAGE, output_tokens: 1 } };
  const all = [
    { type: "message_start", message: start },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello from the " } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: said } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 7 } },
    { type: "message_stop" },
  ];
  return all.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}

const CHAT_USAGE = { prompt_tokens: 12, completion_tokens: 7, total_tokens: 19 };

function chat(said: string): object {
  const content = `Hello from the ${said}`;
  return {
    id: "chatcmpl-standin",
    object: "chat.completion",
    created: 0,
    model: "stand-in",
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
    usage: CHAT_USAGE,
  };
}

function chatEvents(said: string): string[] {
  const all = [
    chunk([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]),
    chunk([{ index: 0, delta: { content: "Hello from the " }, finish_reason: null }]),
    chunk([{ index: 0, delta: { content: said }, finish_reason: null }]),
    chunk([{ index: 0, delta: {}, finish_reason: "stop" }]),
    chunk([], { usage: CHAT_USAGE }),
  ];
  return [...all.map((event) => `data: ${JSON.stringify(event)}\n\n`), "data: [DONE]\n\n"];
}

function chunk(choices: object[], more: object = {}): object {
  const fixed = { id: "chatcmpl-standin", object: "chat.completion.chunk", created: 0, model: "stand-in" };
  return { ...fixed, choices, ...more };
}

function embeddings(): object {
  const bytes = Buffer.from(Float32Array.from([0.25, -0.5, 1]).buffer).toString("base64");
  const usage = { prompt_tokens: 3, total_tokens: 3 };
  return { object: "list", model: "stand-in", data: [{ object: "embedding", index: 0, embedding: bytes }], usage };
}
