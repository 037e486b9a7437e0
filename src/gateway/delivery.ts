// Brings an answer to the client: at the client's pace, with signs of life in silent gaps, and never half an answer that
// looks whole.
import type { ServerResponse } from "node:http";
import { writeFrame } from "./frame.ts";
import { isObject } from "./json.ts";
import { plainRefusal, Refusal } from "./refusal.ts";
import type { Rewriter } from "./rewriter.ts";
import type { AnswerHead, AnswerReader, Flow } from "./upstream.ts";
import { upstreamError, type FailedRequest } from "./wire/upstream-error.ts";

/** An upstream's headers that a client may see; rate limits of the gateway's account are not among them. */
const RETURNED = ["retry-after", "x-should-retry", "x-demesne-stand-in"] as const;

const MAX_ERROR_BYTES = 1024 * 1024;

export type DeliveryOptions = {
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly rewriter: Rewriter;
  /** Of our own, besides those of the upstream. */
  readonly headers: Readonly<Record<string, string>>;
  /** Upstream and client speak one dialect: the upstream's errors pass word for word. */
  readonly isSameDialect: boolean;
  /** Its words about what a worker's model cannot do are put into those on which Claude Code mends its request. */
  readonly mayMend: boolean;
  /** What was asked of the upstream, by which its words of failure are understood. */
  readonly failed: FailedRequest;
  /** How long a client may leave what was written unread. */
  readonly idleMs: number;
  /** Longest silence of a stream that the gateway itself writes. */
  readonly pingMs: number;
  /** Ends the exchange with a reason. */
  readonly abort: (reason: Refusal) => void;
};

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #pulse: NodeJS.Timeout | undefined;
  #finish: (() => void) | undefined;
  #lastWrite = 0;
  #isHeadSent = false;
  #status = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    if (options.rewriter.ping !== "") {
      this.#pulse = setInterval(() => this.#beat(), options.pingMs).unref();
    }
  }

  /** Given to the upstream. Throws Refusal when the answer is none that a client could read. */
  open(head: AnswerHead, flow: Flow): AnswerReader {
    this.#status = head.status;
    const { rewriter } = this.#options;
    checkReadable(head, rewriter.isStream);
    if (head.status >= 400) return this.#readError(head);
    if (rewriter.isStream) this.#sendHead(head.status, head);
    this.#finish = () => this.#finishAnswer(head);
    return {
      chunk: (bytes) => {
        if (!this.#write(rewriter.push(bytes))) this.#waitForClient(flow);
      },
    };
  }

  /** After the upstream's last byte. Throws Refusal when that was not the answer's end. */
  end(): void {
    this.#finish?.();
    if (!this.#options.response.writableEnded) this.#options.response.end();
  }

  /** The upstream's status; 0 until it has answered. */
  get status(): number {
    return this.#status;
  }

  close(): void {
    clearInterval(this.#pulse);
  }

  #finishAnswer(head: AnswerHead): void {
    const { rewriter } = this.#options;
    const rest = rewriter.end();
    if (rewriter.isStream) this.#write(rest);
    else this.#sendWhole(head, rest);
  }

  #readError(head: AnswerHead): AnswerReader {
    const chunks: Buffer[] = [];
    let size = 0;
    this.#finish = () => {
      const text = Buffer.concat(chunks).toString("utf8");
      const told = isApiAnswer(head) ? parseError(text) : undefined;
      const { isSameDialect, mayMend, failed } = this.#options;
      const refusal = upstreamError(head.status, told, failed, head.headers["retry-after"]);
      const isWordForWord = isSameDialect && !this.#isHeadSent && isObject(told);
      if (!isWordForWord || (mayMend && refusal.capability !== undefined)) throw refusal;
      this.#sendWhole(head, text);
    };
    return {
      chunk: (bytes) => {
        size += bytes.length;
        if (size <= MAX_ERROR_BYTES) chunks.push(bytes);
      },
    };
  }

  /** One piece, so that head and body leave in one packet. */
  #sendWhole(head: AnswerHead, text: string): void {
    this.#sendHead(head.status, head, Buffer.byteLength(text));
    this.#options.response.end(text);
  }

  /** `length` is that of an answer in one piece; without it a stream begins. */
  #sendHead(status: number, head: AnswerHead | undefined, length?: number): void {
    if (this.#isHeadSent) return;
    this.#isHeadSent = true;
    const { response, requestId, headers } = this.#options;
    const fixed = { ...named(requestId), ...headers, ...returned(head) };
    if (length !== undefined) {
      response.writeHead(status, { "content-type": "application/json", "content-length": length, ...fixed });
      return;
    }
    // Set, not passed to writeHead: a refusal in mid-stream must be able to read it back.
    response.setHeader("content-type", "text/event-stream");
    response.writeHead(status, fixed);
    response.flushHeaders();
  }

  #write(text: string | Buffer): boolean {
    if (text.length === 0) return true;
    this.#lastWrite = performance.now();
    return writeFrame(this.#options.response, text);
  }

  #waitForClient(flow: Flow): void {
    flow.pause();
    const { response, idleMs, abort } = this.#options;
    const slow = setTimeout(() => abort(plainRefusal("timeout_error", "the client does not read its answer")), idleMs);
    const { socket } = response;
    const go = (): void => {
      clearTimeout(slow);
      response.off("drain", go).off("close", go);
      socket?.off("drain", go);
      flow.resume();
    };
    response.on("drain", go).on("close", go);
    socket?.on("drain", go);
  }

  #beat(): void {
    const { rewriter, pingMs } = this.#options;
    // Empty in the middle of an event.
    const { ping } = rewriter;
    if (ping === "" || performance.now() - this.#lastWrite < pingMs) return;
    // The upstream has not even answered yet: from here on its errors are events of the stream.
    this.#sendHead(200, undefined);
    this.#write(rewriter.begin() + ping);
  }
}

/** Anthropic's SDKs read the one name, OpenAI's the other. */
export function named(requestId: string): Record<string, string> {
  return { "request-id": requestId, "x-request-id": requestId };
}

function checkReadable(head: AnswerHead, isStream: boolean): void {
  if (head.status === 401) {
    throw plainRefusal("api_error", "the upstream refuses the gateway's credential", { "x-should-retry": "false" });
  }
  if (head.status >= 300 && head.status < 400) {
    throw plainRefusal("api_error", "the upstream points elsewhere, and nothing is followed");
  }
  // An error keeps its status, and its wait, whoever wrote its text: a proxy before the upstream writes HTML.
  if (head.status >= 400) return;
  if (!isApiAnswer(head)) {
    throw new Refusal("api_error", `the upstream answered ${head.status} with something that is no API answer`);
  }
  // As a stream it would be one without events: an SDK takes that for an empty answer.
  if (isStream && head.headers["content-type"]?.startsWith("text/event-stream") !== true) {
    throw plainRefusal("api_error", "the upstream was asked for a stream and answered with something else");
  }
}

function isApiAnswer(head: AnswerHead): boolean {
  return /^(application\/json|text\/event-stream)\b/.test(head.headers["content-type"] ?? "");
}

function returned(head: AnswerHead | undefined): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of RETURNED) {
    const value = head?.headers[name];
    if (value !== undefined) passed[name] = String(value);
  }
  return passed;
}

function parseError(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
