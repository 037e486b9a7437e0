// The way out: connection pools to the upstreams, and the only place where an upstream's key is unwrapped.
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import { Connections } from "./connections.ts";
import { UPSTREAM_PATH, type Operation } from "./endpoints.ts";
import type { LiveRoute } from "./load-config.ts";
import { plainRefusal, Refusal } from "./refusal.ts";

/** The client's headers that an upstream may see. An allow-list: everything else stays here. */
const FORWARDED = ["anthropic-version", "anthropic-beta"] as const;

export type UpstreamRequest = {
  readonly route: LiveRoute;
  readonly operation: Operation;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly signal: AbortSignal;
  /**
   * Called when the request is on its way: from here on it may cost money. Told the SHA-256 of the certificate that this
   * connection's other end showed; undefined without TLS.
   */
  readonly onSent?: (tlsLeaf: string | undefined) => void;
};

export type AnswerHead = { readonly status: number; readonly headers: IncomingHttpHeaders };

/** Pauses and resumes the upstream while the client is slower than it. */
export type Flow = { pause(): void; resume(): void };

export type AnswerReader = { chunk(bytes: Buffer): void };

export type UpstreamLimits = {
  readonly firstByteMs: number;
  readonly workerFirstByteMs: number;
  readonly idleMs: number;
};

export class Upstreams {
  readonly #connections = new Connections();

  /**
   * Sends one request. `open` is called with the answer's head and gives the reader of its body; resolves when the
   * body has been read. Throws Refusal when the upstream cannot be reached, is too slow or dies.
   */
  send(
    request: UpstreamRequest,
    limits: UpstreamLimits,
    open: (head: AnswerHead, flow: Flow) => AnswerReader,
  ): Promise<void> {
    const { origin, path, residency } = request.route;
    const options: Dispatcher.DispatchOptions = {
      origin,
      path: `${path}${UPSTREAM_PATH[request.operation]}`,
      method: "POST",
      headers: upstreamHeaders(request),
      body: request.body,
      headersTimeout: residency === "local" ? limits.workerFirstByteMs : limits.firstByteMs,
      bodyTimeout: limits.idleMs,
    };
    return dispatch(this.#connections, options, request, open);
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }
}

function upstreamHeaders({ route, headers }: UpstreamRequest): Record<string, string> {
  const sent: Record<string, string> = {
    "content-type": "application/json",
    // Answers are read here (usage, pseudonyms), so they come uncompressed.
    "accept-encoding": "identity",
    "user-agent": "demesne-gateway",
  };
  if (route.dialect === "anthropic") {
    sent["anthropic-version"] = "2023-06-01";
    for (const name of FORWARDED) {
      const value = headers[name];
      if (value !== undefined) sent[name] = String(value);
    }
  }
  if (route.key !== undefined) {
    if (route.dialect === "anthropic") sent["x-api-key"] = route.key.unwrap();
    else sent["authorization"] = `Bearer ${route.key.unwrap()}`;
  }
  return sent;
}

function dispatch(
  connections: Connections,
  options: Dispatcher.DispatchOptions,
  { route, signal, onSent }: UpstreamRequest,
  open: (head: AnswerHead, flow: Flow) => AnswerReader,
): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    signal.throwIfAborted();
    let reader: AnswerReader | undefined;
    let abort: (() => void) | undefined;
    const finish = (then: () => void): void => {
      if (abort !== undefined) signal.removeEventListener("abort", abort);
      then();
    };
    connections.to(route.origin).dispatch(options, {
      onRequestStart(controller) {
        abort = () => controller.abort(asError(signal.reason));
        onSent?.(connections.leafOf(options));
        if (signal.aborted) abort();
        else signal.addEventListener("abort", abort, { once: true });
      },
      onResponseStart(controller, status, headers) {
        if (status < 200) return;
        reader = open({ status, headers }, controller);
      },
      onResponseData(_controller, chunk) {
        reader?.chunk(chunk);
      },
      onResponseEnd() {
        finish(resolve);
      },
      onResponseError(_controller, error) {
        finish(() => reject(signal.aborted ? asError(signal.reason) : failure(error)));
      },
    });
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

/** Errors of our own reader pass; what the connection says is not for the client to read. */
function failure(error: Error): Error {
  if (error instanceof Refusal) return error;
  const code = "code" in error ? String(error.code) : "";
  if (code === "UND_ERR_HEADERS_TIMEOUT") return plainRefusal("timeout_error", "the upstream did not answer in time");
  if (code === "UND_ERR_BODY_TIMEOUT") return plainRefusal("timeout_error", "the upstream fell silent");
  return plainRefusal("overloaded_error", "the upstream cannot be reached or broke off", { "retry-after": "2" });
}
