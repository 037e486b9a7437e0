// Request bodies: bounded one by one and all together, with a deadline, checked as UTF-8 and JSON.
import type { IncomingMessage } from "node:http";
import { isObject, type JsonObject } from "./json.ts";
import { plainRefusal, Refusal } from "./refusal.ts";

export type BodyLimits = { readonly bodyBytes: number; readonly bodiesBytes: number; readonly bodyMs: number };

/** Counts the bytes of all bodies in flight, so that many large requests cannot exhaust the process. */
export class BodyBudget {
  #inFlight = 0;

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Throws Refusal (529) when `size` more bytes do not fit. */
  take(size: number, limit: number): void {
    if (this.#inFlight + size > limit) {
      throw plainRefusal("overloaded_error", "too many large requests in flight", { "retry-after": "2" });
    }
    this.#inFlight += size;
  }

  give(size: number): void {
    this.#inFlight -= size;
  }
}

export type Body = { readonly bytes: Buffer; release(): void };

/** The whole body. Throws Refusal when it is compressed, too large, too slow, or cut. The caller releases it when done. */
export async function readBody(request: IncomingMessage, limits: BodyLimits, budget: BodyBudget): Promise<Body> {
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") {
    throw new Refusal("invalid_request_error", `content-encoding ${encoding}: the gateway takes bodies as they are`);
  }
  const announced = Number(request.headers["content-length"] ?? "0");
  if (announced > limits.bodyBytes) throw tooLarge(limits);
  let taken = 0;
  const take = (size: number): void => {
    budget.take(size, limits.bodiesBytes);
    taken += size;
  };
  try {
    take(announced);
    const bytes = await collect(request, limits, (size) => {
      if (size > limits.bodyBytes) throw tooLarge(limits);
      if (size > taken) take(size - taken);
    });
    return { bytes, release: () => budget.give(taken) };
  } catch (error) {
    budget.give(taken);
    throw error;
  }
}

function tooLarge(limits: BodyLimits): Refusal {
  return plainRefusal("request_too_large", `the request is larger than ${limits.bodyBytes} bytes`);
}

function collect(request: IncomingMessage, limits: BodyLimits, grow: (size: number) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(
      () => settle(() => reject(plainRefusal("timeout_error", "the request's body did not arrive in time"))),
      limits.bodyMs,
    );
    const settle = (then: () => void): void => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("close", onClose);
      // What still comes is thrown away, so that the refusal can be answered.
      request.resume();
      then();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      try {
        grow(size);
        chunks.push(chunk);
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const onEnd = (): void =>
      settle(() => resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)));
    const onClose = (): void => settle(() => reject(plainRefusal("invalid_request_error", "the request was cut")));
    request.on("data", onData).on("end", onEnd).on("close", onClose);
  });
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Throws Refusal when the bytes are not UTF-8, not JSON or not an object. */
export function parseBody(bytes: Uint8Array): JsonObject {
  const value = parseJson(decode(bytes));
  if (!isObject(value)) throw plainRefusal("invalid_request_error", "the body should be a JSON object");
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw plainRefusal("invalid_request_error", "the body is not valid UTF-8");
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw plainRefusal("invalid_request_error", "the body is not valid JSON");
  }
}
