import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type IncomingMessage, type Server, createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { openAptCache } from "./apt-cache.ts";
import { type AptProxy, aptProxy } from "./apt-proxy.ts";

type Answer = { readonly status: number; readonly body: string; readonly headers: IncomingMessage["headers"] };

describe("the package proxy", () => {
  const folder = mkdtempSync(join(tmpdir(), "demesne-proxy-"));
  let mirror: Server;
  let base: string;
  let proxy: AptProxy;
  let listening: Awaited<ReturnType<AptProxy["listen"]>>;
  let asked: string[] = [];

  before(async () => {
    mirror = createServer((incoming, answer) => {
      asked.push(`${incoming.url}${incoming.headers["if-none-match"] === undefined ? "" : " revalidated"}`);
      if (incoming.url === "/debian/pool/moved.deb") {
        answer.writeHead(302, { location: "/elsewhere/moved.deb" }).end();
      } else if (incoming.url === "/debian/pool/torn.deb") {
        answer.writeHead(200, { "content-length": "100" }).write("torn");
        setTimeout(() => answer.destroy(), 20);
      } else if (incoming.url?.endsWith("/gone") === true) {
        answer.writeHead(404).end("gone");
      } else if (incoming.headers["if-none-match"] === '"1"') {
        answer.writeHead(304).end();
      } else {
        answer.writeHead(200, { etag: '"1"', "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT" });
        answer.end(`body of ${incoming.url}`);
      }
    });
    mirror.listen(0, "127.0.0.1");
    await once(mirror, "listening");
    const address = mirror.address();
    assert.ok(address !== null && typeof address === "object");
    base = `http://127.0.0.1:${address.port}`;
    proxy = aptProxy(openAptCache(folder), undefined);
    proxy.allow([`${base}/debian`]);
    listening = await proxy.listen("127.0.0.1");
  });
  after(async () => {
    await listening.close();
    mirror.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    asked = [];
  });

  async function get(
    path: string,
    options: { method?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const url = path.startsWith("/") ? `${base}${path}` : path;
    const { hostname, port } = new URL(listening.url);
    const outgoing = request({ hostname, port, path: url, ...options }).end();
    const [answer] = await once(outgoing, "response");
    let body = "";
    for await (const chunk of answer) body += String(chunk);
    return { status: answer.statusCode, body, headers: answer.headers };
  }

  test("fetches a package once and then never again", async () => {
    for (let round = 0; round < 3; round += 1) {
      assert.deepEqual((await get("/debian/pool/a_1.deb")).body, "body of /debian/pool/a_1.deb");
    }
    await get("/debian/dists/x/by-hash/SHA256/ab");
    await get("/debian/dists/x/by-hash/SHA256/ab");
    assert.deepEqual(asked, ["/debian/pool/a_1.deb", "/debian/dists/x/by-hash/SHA256/ab"]);
  });

  test("asks the mirror each time whether an index has changed, and the twin gets 304 for what it has", async () => {
    const first = await get("/debian/dists/x/InRelease");
    assert.equal(first.body, "body of /debian/dists/x/InRelease");
    assert.equal((await get("/debian/dists/x/InRelease")).body, first.body);
    const headers = { "if-modified-since": first.headers["last-modified"] ?? "" };
    assert.equal((await get("/debian/dists/x/InRelease", { headers })).status, 304);
    const again = "/debian/dists/x/InRelease revalidated";
    assert.deepEqual(asked, ["/debian/dists/x/InRelease", again, again]);
  });

  test("follows the mirror's redirect itself", async () => {
    assert.equal((await get("/debian/pool/moved.deb")).body, "body of /elsewhere/moved.deb");
  });

  test("passes on that something is not there, and does not keep it", async () => {
    assert.equal((await get("/debian/gone")).status, 404);
    assert.equal((await get("/debian/gone")).status, 404);
    assert.equal(asked.length, 2);
  });

  for (const [what, path, options] of [
    ["another host", "http://198.18.0.1/debian/pool/a.deb", {}],
    ["another folder of the mirror", "/private/a.deb", {}],
    ["a folder that only begins like the mirror's", "/debian-other/a.deb", {}],
    ["a way up and out", "/debian/../private/a.deb", {}],
    ["an encoded way up and out", "/debian/%2e%2e/private/a.deb", {}],
    ["a file of this machine", "file:///etc/passwd", {}],
    ["anything but GET", "/debian/pool/a_1.deb", { method: "POST" }],
  ] as const) {
    test(`refuses ${what}`, async () => {
      assert.equal((await get(path, options)).status, 403);
      assert.deepEqual(asked, []);
    });
  }

  test("goes through the machine's own proxy, and gives up on one that refuses", async () => {
    const through = aptProxy(openAptCache(join(folder, "second")), listening.url);
    assert.equal(await through.reach(`${base}/debian/pool/through.deb`), true);
    assert.deepEqual(asked, ["/debian/pool/through.deb"]);
    assert.equal(await through.reach(`${base}/private/through.deb`), false);
    assert.equal(await through.reach(`${base.replace("http:", "https:")}/debian/pool/through.deb`), false);
  });

  test("makes no tunnels", async () => {
    const { hostname, port } = new URL(listening.url);
    const outgoing = request({ hostname, port, method: "CONNECT", path: "198.18.0.1:443" }).end();
    await assert.rejects(once(outgoing, "connect"));
  });

  test("keeps nothing of a download that was cut short", async () => {
    const kept = readdirSync(folder).length;
    await assert.rejects(get("/debian/pool/torn.deb"));
    await assert.rejects(get("/debian/pool/torn.deb"));
    assert.equal(asked.length, 2);
    assert.equal(readdirSync(folder).length, kept);
  });

  test("serves what it has when the mirror is away, and 504 for the rest", async () => {
    await get("/debian/dists/y/InRelease");
    mirror.closeAllConnections();
    await new Promise((resolve) => void mirror.close(resolve));
    assert.equal((await get("/debian/dists/y/InRelease")).body, "body of /debian/dists/y/InRelease");
    assert.equal((await get("/debian/dists/z/InRelease")).status, 504);
    assert.equal(await proxy.reach(`${base}/debian/dists/y/InRelease`), false);
  });
});
