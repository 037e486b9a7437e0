// The only way out of a twin: an HTTP proxy that fetches from this machine's own package mirrors and from nowhere else.
// Packages are kept on disk, so a second rehearsal downloads nothing; index files are revalidated.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { type AptCache, type Kept, isImmutable } from "./apt-cache.ts";
import { type MirrorFetch, mirrorFetch } from "./mirror-fetch.ts";

export type AptProxy = {
  /** Base URIs (http or https) that may be fetched. Asked for as http, also where the mirror is https. */
  allow(uris: readonly string[]): void;
  /** Listens on an address of this machine; answers with the URL for `Acquire::http::Proxy`. */
  listen(address: string): Promise<{ readonly url: string; close(): Promise<void> }>;
  /** Can this machine fetch the URI from its mirror? */
  reach(uri: string): Promise<boolean>;
};

const DEADLINE_MS = 600_000;
const ANSWER_MS = 30_000;

export function aptProxy(cache: AptCache, machineProxy: string | undefined): AptProxy {
  const allowed = new Set<string>();
  const ask = mirrorFetch(machineProxy);
  const upstreamOf = (url: string): string | undefined => {
    const base = [...allowed].find((uri) => url.startsWith(`${asHttp(uri)}/`));
    return base === undefined ? undefined : base + url.slice(asHttp(base).length);
  };
  return {
    allow: (uris) => uris.forEach((uri) => allowed.add(uri)),
    reach: async (uri) => {
      const answer = await ask(uri, {}, AbortSignal.timeout(ANSWER_MS)).catch(() => undefined);
      answer?.resume();
      return answer?.statusCode === 200;
    },
    listen: async (address) => {
      const server = createServer((incoming, answer) => {
        serve({ cache, ask, upstreamOf }, incoming, answer).catch(() => answer.destroy());
      });
      server.unref();
      server.listen(0, address);
      await once(server, "listening");
      return { url: urlOf(server), close: () => close(server) };
    },
  };
}

type Ways = {
  readonly cache: AptCache;
  readonly ask: MirrorFetch;
  upstreamOf(url: string): string | undefined;
};

async function serve(ways: Ways, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
  const url = incoming.url ?? "";
  const upstream = ways.upstreamOf(url);
  if (incoming.method !== "GET" || upstream === undefined || hasDots(url)) {
    return refuse(answer, 403, "not a package mirror of the machine that runs this twin");
  }
  const kept = ways.cache.find(upstream);
  if (kept !== undefined && isImmutable(upstream)) return await sendKept(ways.cache, kept, incoming, answer);
  const left = new AbortController();
  answer.once("close", () => left.abort());
  const signal = AbortSignal.any([left.signal, AbortSignal.timeout(DEADLINE_MS)]);
  const fresh = await ways.ask(upstream, validators(kept), signal).catch(() => undefined);
  if (kept !== undefined && (fresh === undefined || fresh.statusCode === 304)) {
    // An unreachable mirror is no reason to fail: apt checks signatures and dates itself.
    fresh?.resume();
    return await sendKept(ways.cache, kept, incoming, answer);
  }
  if (fresh === undefined) return refuse(answer, 504, "the mirror does not answer");
  if (fresh.statusCode !== 200) {
    fresh.resume();
    return refuse(answer, fresh.statusCode ?? 502, "the mirror's own answer");
  }
  await sendFresh({ cache: ways.cache, url: upstream, fresh, answer, signal });
}

async function sendKept(cache: AptCache, kept: Kept, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
  const since = incoming.headers["if-modified-since"];
  if (since !== undefined && since === kept.lastModified) {
    answer.writeHead(304).end();
    return;
  }
  answer.writeHead(200, headersOf(kept.size, kept.lastModified));
  await pipeline(cache.read(kept.url), answer);
}

type Fresh = {
  readonly cache: AptCache;
  readonly url: string;
  readonly fresh: IncomingMessage;
  readonly answer: ServerResponse;
  readonly signal: AbortSignal;
};

/** To the twin and into the cache at once; a body that ends early is an error of the reader, and is not kept. */
async function sendFresh({ cache, url, fresh, answer, signal }: Fresh): Promise<void> {
  const lastModified = fresh.headers["last-modified"];
  const expected = Number(fresh.headers["content-length"] ?? Number.NaN);
  const body = await cache.write(url);
  let size = 0;
  try {
    answer.writeHead(200, headersOf(expected, lastModified));
    const chunks: AsyncIterable<Buffer> = fresh;
    for await (const bytes of chunks) {
      size += bytes.length;
      await body.add(bytes);
      if (!answer.write(bytes)) await once(answer, "drain", { signal });
    }
  } catch (error) {
    await body.drop();
    throw error;
  }
  await body.keep({ size, lastModified, etag: fresh.headers.etag });
  answer.end();
}

function validators(kept: Kept | undefined): Record<string, string> {
  return {
    ...(kept?.etag === undefined ? {} : { "if-none-match": kept.etag }),
    ...(kept?.lastModified === undefined ? {} : { "if-modified-since": kept.lastModified }),
  };
}

function headersOf(size: number, lastModified: string | undefined): Record<string, string> {
  return {
    ...(Number.isFinite(size) ? { "content-length": String(size) } : {}),
    ...(lastModified === undefined ? {} : { "last-modified": lastModified }),
  };
}

function refuse(answer: ServerResponse, status: number, why: string): void {
  answer.writeHead(status, { "content-type": "text/plain" }).end(`${why}\n`);
}

/** The address a twin uses: always http, so that the proxy can keep what it fetches. */
export function asHttp(uri: string): string {
  return uri.replace(/^https:/, "http:");
}

function hasDots(url: string): boolean {
  return /(?:^|\/|%2f)(?:\.|%2e){2}(?:\/|%2f|$)/i.test(url);
}

function urlOf(server: Server): string {
  const at = server.address();
  if (at === null || typeof at === "string") throw new TypeError("the proxy listens on no port");
  return `http://${at.address}:${at.port}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => void server.close(() => resolve()));
}
