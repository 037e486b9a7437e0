// Asks this machine's package mirrors the way its own apt would: through the same proxy, following their redirects.
// Node's own client, since undici's ProxyAgent never gives up on a proxy that refuses a tunnel (seen with 7.30.2).
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { once } from "node:events";

/** Answers with any status; throws when nothing answers before `signal`. The caller reads or drops the body. */
export type MirrorFetch = (
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<IncomingMessage>;

const REDIRECTS = 5;
const MOVED = new Set([301, 302, 303, 307, 308]);

/** `proxy` is this machine's apt proxy; without one the usual environment variables count. */
export function mirrorFetch(proxy: string | undefined): MirrorFetch {
  const proxyEnv = proxy === undefined ? process.env : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy };
  const agents = {
    http: new HttpAgent({ keepAlive: true, proxyEnv }),
    https: new HttpsAgent({ keepAlive: true, proxyEnv }),
  };
  const ask: MirrorFetch = async (url, headers, signal) => {
    const options = { headers: { ...headers, "accept-encoding": "identity" }, signal };
    const outgoing = url.startsWith("https:")
      ? httpsRequest(url, { ...options, agent: agents.https })
      : httpRequest(url, { ...options, agent: agents.http });
    const answered = once(outgoing, "response", { signal });
    outgoing.end();
    const [answer] = await answered;
    return answer;
  };
  return async (url, headers, signal) => {
    let next = url;
    for (let hop = 0; ; hop += 1) {
      const answer = await ask(next, headers, signal);
      const to = answer.headers.location;
      if (!MOVED.has(answer.statusCode ?? 0) || to === undefined || hop === REDIRECTS) return answer;
      answer.resume();
      next = new URL(to, next).href;
    }
  };
}
