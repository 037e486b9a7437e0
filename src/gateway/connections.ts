// Connection pools, one an origin, that know which certificate the connection showed that carried a request: two
// connections to one name may end at different machines.
import { TLSSocket } from "node:tls";
import { buildConnector, Client, Pool, type Dispatcher } from "undici";
import { digest } from "../lib/digest.ts";

const MAX_CONNECTIONS = 1024;

const CONNECT_MS = 10_000;

export class Connections {
  readonly #pools = new Map<string, Pool>();
  /** By request: what its connection showed. A client has one connection and carries one request at a time. */
  readonly #leaves = new WeakMap<Dispatcher.DispatchOptions, () => string | undefined>();

  /** The pool of an origin. */
  to(origin: string): Pool {
    const known = this.#pools.get(origin);
    if (known !== undefined) return known;
    const connect = buildConnector({ timeout: CONNECT_MS });
    const factory = (url: URL, options: object): Client => this.#client(url, options, connect);
    const isTls = origin.startsWith("https:");
    const pool = new Pool(origin, {
      connections: MAX_CONNECTIONS,
      pipelining: 1,
      ...(isTls ? { factory } : { connect: { timeout: CONNECT_MS } }),
    });
    this.#pools.set(origin, pool);
    return pool;
  }

  /** SHA-256 of the certificate shown by the connection that carries this request; undefined without TLS. */
  leafOf(request: Dispatcher.DispatchOptions): string | undefined {
    return this.#leaves.get(request)?.();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
    this.#pools.clear();
  }

  #client(url: URL, options: object, connect: buildConnector.connector): Client {
    let leaf: string | undefined;
    const client = new Client(url, {
      ...options,
      connect: (target, callback) => {
        connect(target, (...result) => {
          leaf = leafOf(result[1]);
          callback(...result);
        });
      },
    });
    const dispatch = client.dispatch.bind(client);
    const noting: Dispatcher["dispatch"] = (request, handler) => {
      this.#leaves.set(request, () => leaf);
      return dispatch(request, handler);
    };
    return Object.assign(client, { dispatch: noting });
  }
}

function leafOf(socket: unknown): string | undefined {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  return certificate === undefined ? undefined : digest(certificate.raw);
}
