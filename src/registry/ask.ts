// One request to a registry: a deadline, a bound on what is read, and words for a registry that is gone.
import { type Dispatcher, request } from "undici";
import { Problem } from "../lib/problem.ts";
import type { Reference } from "./reference.ts";

export type Asking = {
  readonly signal: AbortSignal;
  /** How long a registry may take to answer. */
  readonly timeoutMs: number;
  /** A proxy, or nothing. */
  readonly dispatcher?: Dispatcher | undefined;
};

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
};

/** The specification lets a registry refuse larger manifests, so none is larger. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Throws Problem `unreachable` when nothing answers in time. Redirects are not followed: a manifest has none. */
export async function ask(
  url: string,
  headers: Readonly<Record<string, string>>,
  { text }: Pick<Reference, "text">,
  { signal, timeoutMs, dispatcher }: Asking,
): Promise<Answer> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const answer = await request(url, {
      headers: { ...headers, "user-agent": "demesne" },
      signal: AbortSignal.any([signal, deadline]),
      ...(dispatcher === undefined ? {} : { dispatcher }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: await whole(answer.body, text) };
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof Problem) throw cause;
    const what = `cannot be asked for at ${new URL(url).host}: ${deadline.aborted ? `no answer in ${timeoutMs / 1000} s` : reason(cause)}`;
    const fix = "look whether the registry is up and reached from here, then run the same command again";
    throw new Problem({ code: "unreachable", where: text, what, fix, cause });
  }
}

async function whole(body: AsyncIterable<Uint8Array>, text: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > MAX_BYTES) throw tooLarge(text);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function tooLarge(where: string): Problem {
  const what = `sent more than ${MAX_BYTES} bytes for a manifest`;
  return new Problem({
    code: "failed",
    where,
    what,
    fix: "look at what answers there: it is no registry",
  });
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection was cut",
  ENOTFOUND: "no such name",
  EAI_AGAIN: "names cannot be resolved",
  EHOSTUNREACH: "there is no way there",
  ENETUNREACH: "there is no network",
  UND_ERR_SOCKET: "the connection was cut",
  UND_ERR_CONNECT_TIMEOUT: "no connection in time",
};

function reason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}
