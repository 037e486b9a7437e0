// demesne images against a real registry, Debian's (distribution), on loopback: open, and behind tokens that are signed here.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { cacheFolder } from "../../src/cli/cache-folder.ts";
import { digest } from "../../src/lib/digest.ts";
import { resolveDigest } from "../../src/registry/index.ts";

const root = resolve(import.meta.dirname, "../..");
const main = join(root, "src/cli/main.ts");
const folder = mkdtempSync(join(tmpdir(), "services-registry-"));
const store = join(folder, "store");

/** Named by hand, on the path, or in the base system that twins are made of. */
function findProgram(): string | undefined {
  const named = process.env["DEMESNE_REGISTRY"];
  if (named !== undefined) return named;
  const onPath = spawnSync("sh", ["-c", "command -v docker-registry"], { encoding: "utf8" }).stdout.trim();
  if (onPath !== "") return onPath;
  const inBases = globSync("bases/debian-*/usr/lib/demesne-lab/docker-registry", { cwd: cacheFolder() });
  return inBases.map((path) => join(cacheFolder(), path)).find((path) => existsSync(path));
}

const program = findProgram();
const skip = program === undefined ? "no docker-registry here" : false;

type Running = { readonly host: string; stop(): Promise<void> };

function portOf(server: Server): number {
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

/** On a port of the system's choice, which the registry tells: one chosen before could be somebody else's by then. */
async function startRegistry(auth = ""): Promise<Running> {
  const config = join(folder, `${randomUUID()}.yml`);
  const storage = `storage: { filesystem: { rootdirectory: ${store} } }`;
  writeFileSync(config, `version: 0.1\nlog: { level: info }\n${storage}\nhttp: { addr: "127.0.0.1:0" }\n${auth}`);
  const child = spawn(program ?? "", ["serve", config], { stdio: ["ignore", "ignore", "pipe"] });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.kill()) await once(child, "exit");
  };
  let said = "";
  for await (const line of createInterface({ input: child.stderr, signal: AbortSignal.timeout(60_000) })) {
    said += `${line}\n`;
    const [, host] = /msg="listening on (127\.0\.0\.1:\d+)"/.exec(line) ?? [];
    if (host === undefined) continue;
    child.stderr.resume();
    return { host, stop };
  }
  await stop();
  throw new Error(`the registry does not listen: ${said}`);
}

/** Pushes an image of two platforms, whose layers hold `text`; answers with the digest of its index. */
async function push(host: string, name: string, text: string): Promise<string> {
  const blob = async (content: string): Promise<object> => {
    const started = await fetch(`http://${host}/v2/${name}/blobs/uploads/`, { method: "POST" });
    const place = new URL(started.headers.get("location") ?? "", `http://${host}`);
    place.searchParams.set("digest", digest(content));
    const put = await fetch(place, {
      method: "PUT",
      body: content,
      headers: { "content-type": "application/octet-stream" },
    });
    assert.equal(put.status, 201);
    return { mediaType: "application/vnd.oci.image.config.v1+json", digest: digest(content), size: content.length };
  };
  const put = async (version: string, mediaType: string, value: object): Promise<{ digest: string; size: number }> => {
    const body = JSON.stringify({ schemaVersion: 2, mediaType, ...value });
    const answer = await fetch(`http://${host}/v2/${name}/manifests/${version}`, {
      method: "PUT",
      body,
      headers: { "content-type": mediaType },
    });
    assert.equal(answer.status, 201, await answer.text());
    return { digest: digest(body), size: body.length };
  };
  const type = "application/vnd.oci.image.manifest.v1+json";
  const manifests = await Promise.all(
    ["amd64", "arm64"].map(async (architecture) => {
      const config = await blob(JSON.stringify({ architecture, os: "linux", text }));
      const manifest = await put(architecture, type, { config, layers: [] });
      return { mediaType: type, ...manifest, platform: { architecture, os: "linux" } };
    }),
  );
  return (await put("1.0", "application/vnd.oci.image.index.v1+json", { manifests })).digest;
}

/** A small estate, the image of whose one service lies in our registry and is to be locked. */
function estateWith(host: string): string {
  const dir = join(folder, randomUUID());
  cpSync(join(root, "test/cases/lint/estate"), dir, { recursive: true });
  edit(join(dir, "services/notes/compose.yaml"), /image: \S+/, `image: ${host}/demo/notes:1.0 # to be locked`);
  edit(join(dir, "inventory/images.lock.yaml"), / {2}example\S+: \S+\n/, "  # kept\n");
  return dir;
}

function edit(file: string, from: RegExp, to: string): void {
  const text = readFileSync(file, "utf8");
  assert.match(text, from);
  writeFileSync(file, text.replace(from, to));
}

function demesne(args: readonly string[]): { readonly status: number | null; readonly out: string } {
  const env = { PATH: process.env["PATH"], HOME: folder, NO_PROXY: "127.0.0.1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    env,
    encoding: "utf8",
    timeout: 60_000,
  });
  return { status, out: stdout + stderr };
}

describe("images of an estate, at a real registry", { skip, timeout: 120_000 }, () => {
  let registry: Running;
  let locked: string;
  let estate: string;
  before(async () => {
    registry = await startRegistry();
    locked = await push(registry.host, "demo/notes", "first");
    estate = estateWith(registry.host);
  });
  after(async () => await registry.stop());

  const compose = (): string => readFileSync(join(estate, "services/notes/compose.yaml"), "utf8");
  const lock = (): string => readFileSync(join(estate, "inventory/images.lock.yaml"), "utf8");
  const images = (...args: readonly string[]) => demesne(["images", ...args, "--estate", estate]);

  test("an image that is to be locked is refused by everything else", () => {
    const { status, out } = demesne(["lint", estate]);
    assert.equal(status, 4);
    assert.match(out, /services\/notes\/image: should be pinned by digest.*\nfix: demesne images lock/);
  });

  test("check tells what is to be locked, and writes nothing", () => {
    const before_ = compose() + lock();
    const { status, out } = images("check");
    assert.deepEqual([status, compose() + lock()], [10, before_], out);
    assert.match(out, /demo\/notes:1.0: to be locked, is sha256:/);
  });

  test("lock writes the digest of the index into compose.yaml and the lock, and leaves the rest", () => {
    const { status, out } = images("lock");
    assert.equal(status, 0, out);
    const ref = `${registry.host}/demo/notes:1.0`;
    assert.match(compose(), new RegExp(`^ {4}image: ${ref}@${locked}$`, "m"));
    assert.ok(lock().includes(`${ref}: ${locked}\n`), lock());
    assert.ok(lock().includes("# kept") && lock().includes("demesne-gateway: sha256:2222"));
    assert.equal(demesne(["lint", estate]).status, 0);
    assert.equal(images("check").status, 0);
  });

  test("a line that is missing in one of the files is written again", () => {
    const whole = [compose(), lock()];
    edit(join(estate, "inventory/images.lock.yaml"), / {2}127\S+: \S+\n/, "");
    assert.deepEqual([images("check").status, images("lock").status], [10, 0]);
    edit(join(estate, "services/notes/compose.yaml"), /@sha256:\S+/, "");
    assert.deepEqual([images("check").status, images("lock").status], [10, 0]);
    assert.deepEqual([compose(), lock()], whole);
  });

  test("a file that cannot be read is told before any registry is asked", () => {
    const file = join(estate, "services/notes/service.yaml");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace("tier: team", "tire: team"));
    const { status, out } = images("check");
    assert.equal(status, 4, out);
    assert.match(out, /^services\/notes\/service\.yaml:2 tier: is missing/);
    writeFileSync(file, text);
  });

  test("an image that stands in no line of its own is told, and nothing is written", () => {
    const [before_, locked_] = [compose(), lock()];
    const file = join(estate, "services/notes/compose.yaml");
    edit(file, /image: (\S+)@\S+/, "image: &image $1");
    const anchored = compose();
    const { status, out } = images("lock");
    assert.deepEqual([status, compose(), lock()], [9, anchored, locked_], out);
    assert.match(
      out,
      /notes\/compose\.yaml: has no line `image: \S+` that could be changed\nfix: write it there yourself/,
    );
    writeFileSync(file, before_);
  });

  test("a tag that was pushed again is drift: refused by check and by lock, taken with --update", async () => {
    const moved = await push(registry.host, "demo/notes", "second");
    assert.notEqual(moved, locked);
    for (const action of ["check", "lock"]) {
      const { status, out } = images(action);
      assert.equal(status, 10, out);
      assert.ok(out.includes(`moved, from ${locked} to ${moved}`), out);
      assert.ok(compose().includes(locked));
    }
    assert.equal(images("lock", "--update").status, 0);
    assert.ok(compose().includes(moved) && lock().includes(moved) && !compose().includes(locked));
  });

  test("a tag that is not there is named with its registry, and nothing is written", () => {
    edit(join(estate, "services/notes/compose.yaml"), /notes:1.0@\S+/, "notes:9.9");
    const before_ = compose() + lock();
    const { status, out } = images("lock");
    assert.deepEqual([status, compose() + lock()], [9, before_], out);
    assert.match(out, /notes:9.9: is not in the registry 127.0.0.1:\d+\nfix: correct the name/);
  });

  test("a registry that is gone is a clear error, and nothing is written", async () => {
    await registry.stop();
    const before_ = compose() + lock();
    const { status, out } = images("lock");
    assert.deepEqual([status, compose() + lock()], [6, before_], out);
    assert.match(out, /nothing listens there\nfix: look whether the registry is up/);
  });
});

describe("a registry that wants tokens", { skip, timeout: 120_000 }, () => {
  const key = join(folder, "key.pem");
  const certificate = join(folder, "certificate.pem");
  let tokens: Server;
  let registry: Running;
  let locked: string;
  const scopes: string[] = [];
  before(async () => {
    const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"];
    execFileSync("openssl", [...request, "-keyout", key, "-out", certificate], { stdio: "ignore" });
    const open = await startRegistry();
    locked = await push(open.host, "demo/closed", "once");
    await open.stop();
    tokens = createServer(({ url = "" }, response) => {
      const scope = new URL(url, "http://127.0.0.1").searchParams.get("scope") ?? "";
      scopes.push(scope);
      const [type = "", name = "", actions = ""] = scope.split(":");
      response.end(JSON.stringify({ token: signed({ type, name, actions: actions.split(",") }) }));
    }).listen(0, "127.0.0.1");
    await once(tokens, "listening");
    const realm = `http://127.0.0.1:${portOf(tokens)}/token`;
    registry = await startRegistry(
      `auth: { token: { realm: "${realm}", service: ours, issuer: test, rootcertbundle: ${certificate} } }\n`,
    );
  });
  after(async () => {
    tokens.close();
    await registry.stop();
  });

  /** As distribution's token specification asks for it: the key's certificate comes along. */
  function signed(access: object): string {
    const now = Math.trunc(Date.now() / 1000);
    const der = new X509Certificate(readFileSync(certificate)).raw.toString("base64");
    const claims = {
      iss: "test",
      sub: "",
      aud: "ours",
      iat: now,
      nbf: now - 10,
      exp: now + 60,
      jti: randomUUID(),
      access: [access],
    };
    const text = [{ typ: "JWT", alg: "RS256", x5c: [der] }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    return `${text}.${sign("sha256", Buffer.from(text), createPrivateKey(readFileSync(key))).toString("base64url")}`;
  }

  test("gives one for reading a single repository, and with it the digest", async () => {
    const { status } = await fetch(`http://${registry.host}/v2/demo/closed/manifests/1.0`);
    assert.equal(status, 401, "without a token it says nothing");
    const asking = { signal: AbortSignal.timeout(120_000), timeoutMs: 60_000 };
    const found = await resolveDigest(`${registry.host}/demo/closed:1.0`, asking);
    assert.deepEqual(found, { digest: locked, isIndex: true });
    assert.deepEqual(scopes, ["repository:demo/closed:pull"]);
  });
});

after(() => rmSync(folder, { recursive: true }));
