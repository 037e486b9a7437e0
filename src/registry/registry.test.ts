// What a registry may answer, from a scripted one on loopback. The real one is in test/journeys/services-registry.test.ts.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { after, before, describe, test } from "node:test";
import { assert as hold, domain, property } from "fast-check";
import { digest } from "../lib/digest.ts";
import { Problem } from "../lib/problem.ts";
import { resolveDigest, type Resolved } from "./index.ts";
import { isLoopback, referenceOf } from "./reference.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";
const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] });
const manifest = JSON.stringify({ schemaVersion: 2, config: {}, layers: [] });

type Script = (request: IncomingMessage, response: ServerResponse, base: string) => void;

const scripts: Record<string, Script> = {
  "plain/index": (_, response) => response.setHeader("docker-content-digest", digest(index)).end(index),
  "plain/manifest": (_, response) =>
    response.setHeader("content-type", "application/vnd.docker.distribution.manifest.v2+json; charset=x").end(manifest),
  "lies/header": (_, response) => response.setHeader("docker-content-digest", digest("other")).end(index),
  "lies/page": (_, response) => response.end("<html>sign in to this network</html>"),
  "lies/large": (_, response) => response.end(Buffer.alloc(5 * 1024 * 1024, 32)),
  "gone/image": (_, response) => response.writeHead(404).end(),
  "gone/busy": (_, response) => response.writeHead(429).end(),
  "gone/down": (_, response) => response.writeHead(503).end(),
  "gone/cut": (_, response) => response.destroy(),
  "gone/silent": () => {},
  "token/good": ({ headers }, response, base) => {
    if (headers.authorization === "Bearer good") response.end(index);
    else challenge(response, `Bearer realm="${base}/token",service="a, b",scope="repository:token/good:pull,push"`);
  },
  "token/account": (_, response, base) => challenge(response, `Bearer realm="${base}/refuse"`),
  "token/basic": (_, response) => challenge(response, 'Basic realm="here"'),
  "token/plain": (_, response) => challenge(response, 'Bearer realm="http://192.0.2.1/token"'),
  "token/never": (_, response, base) => challenge(response, `Bearer realm="${base}/token"`),
};

function portOf(server: Server): number {
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

function challenge(response: ServerResponse, text: string): void {
  response.writeHead(401, { "www-authenticate": text }).end();
}

describe("a registry", () => {
  let server: Server;
  let host: string;
  const asked: string[] = [];
  before(async () => {
    server = createServer((request, response) => {
      const url = request.url ?? "";
      asked.push(url);
      if (url.startsWith("/refuse")) response.writeHead(401).end();
      else if (url.startsWith("/token")) response.end(JSON.stringify({ access_token: "good" }));
      else scripts[/^\/v2\/(.+)\/manifests\//.exec(url)?.[1] ?? ""]?.(request, response, `http://${host}`);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    host = `127.0.0.1:${portOf(server)}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const resolve = async (name: string, timeoutMs = 60_000): Promise<Resolved> =>
    await resolveDigest(`${host}/${name}:1.2`, { signal: AbortSignal.timeout(120_000), timeoutMs });

  async function problemOf(name: string, timeoutMs?: number): Promise<Problem> {
    const error: unknown = await resolve(name, timeoutMs).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof Problem, String(error));
    assert.equal(error.where, `${host}/${name}:1.2`);
    assert.notEqual(error.fix, "");
    return error;
  }

  test("an index is digested here", async () => {
    assert.deepEqual(await resolve("plain/index"), { digest: digest(index), isIndex: true });
  });

  test("a manifest of one platform is told as such", async () => {
    assert.deepEqual(await resolve("plain/manifest"), { digest: digest(manifest), isIndex: false });
  });

  test("a token is asked for where the registry says, for reading this repository and no more", async () => {
    assert.equal((await resolve("token/good")).digest, digest(index));
    assert.ok(asked.includes("/token?service=a%2C+b&scope=repository%3Atoken%2Fgood%3Apull"), asked.join("\n"));
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ["lies/header", "failed", /another digest than it says/],
    ["lies/page", "failed", /no image manifest/],
    ["gone/image", "failed", /is not in the registry/],
    ["gone/busy", "unreachable", /too often/],
    ["gone/down", "unreachable", /answered 503/],
    ["gone/cut", "unreachable", /the connection was cut/],
    ["token/account", "failed", /without an account/],
    ["token/basic", "failed", /without an account/],
    ["token/plain", "failed", /no place with HTTPS/],
    ["token/never", "failed", /without an account/],
  ];
  for (const [name, code, what] of refused) {
    test(`${name}: ${what.source}`, async () => {
      const problem = await problemOf(name);
      assert.deepEqual([problem.code, what.test(problem.what)], [code, true], problem.what);
    });
  }

  test("what is larger than a manifest may be is not read to its end", async () => {
    const error: unknown = await resolve("lies/large").catch((thrown: unknown) => thrown);
    assert.ok(error instanceof Problem && /more than 4194304 bytes/.test(error.what));
  });

  test("a registry that says nothing is given up after its time", async () => {
    assert.match((await problemOf("gone/silent", 200)).what, /no answer in 0.2 s/);
  });

  test("a stop is no failure of the registry", async () => {
    const stop = new AbortController();
    const asking = resolveDigest(`${host}/gone/silent:1`, { signal: stop.signal, timeoutMs: 60_000 });
    stop.abort(new Error("stopped"));
    await assert.rejects(asking, /^Error: stopped$/);
  });
});

test("nothing listens: unreachable, with what to do", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  server.close();
  await once(server, "close");
  const asking = { signal: AbortSignal.timeout(120_000), timeoutMs: 60_000 };
  const error: unknown = await resolveDigest(`127.0.0.1:${port}/a:1`, asking).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof Problem);
  assert.deepEqual([error.code, /nothing listens there/.test(error.what)], ["unreachable", true], error.what);
});

function read(text: string): readonly string[] {
  const { base, repository, version } = referenceOf(text);
  return [base, repository, version];
}

test("a name is read as Docker reads it", () => {
  assert.deepEqual(read("neo4j:5"), ["https://registry-1.docker.io", "library/neo4j", "5"]);
  assert.deepEqual(read("docker.io/neo4j"), ["https://registry-1.docker.io", "library/neo4j", "latest"]);
  assert.deepEqual(read("otel/collector:1"), ["https://registry-1.docker.io", "otel/collector", "1"]);
  assert.deepEqual(read("registry.example:8443/a/b"), ["https://registry.example:8443", "a/b", "latest"]);
  assert.deepEqual(read("127.0.0.1:5000/a:1"), ["http://127.0.0.1:5000", "a", "1"]);
  assert.deepEqual(read(`localhost/a@sha256:${"0".repeat(64)}`), ["http://localhost", "a", `sha256:${"0".repeat(64)}`]);
});

test("only this machine is spoken to without TLS", () => {
  for (const host of ["127.0.0.1", "127.9.9.9:5000", "localhost:1", "[::1]:5000"])
    assert.equal(isLoopback(host), true, host);
  hold(property(domain(), (host) => !isLoopback(host) && !isLoopback(`${host}:5000`)));
  for (const host of ["127.0.0.1.example", "localhost.example", "128.0.0.1", "10.0.0.1"])
    assert.equal(isLoopback(host), false, host);
});
