import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { openLedger } from "../ledger/index.ts";
import { gatewayFixture } from "./gateway-fixture.ts";

type Identity = { readonly key: string; readonly cert: string; readonly leaf: string };

/** A certificate for 127.0.0.1, signed by its own key, which this process trusts until the test ends. */
function identities(t: TestContext): readonly [Identity, Identity] {
  const folder = mkdtempSync(join(tmpdir(), "demesne-tls-"));
  const trusted = getCACertificates("default");
  t.after(() => {
    setDefaultCACertificates(trusted);
    rmSync(folder, { recursive: true });
  });
  const make = (name: string): Identity => {
    const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
    const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"];
    execFileSync("openssl", [...request, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
    const text = readFileSync(cert, "utf8");
    const raw = new X509Certificate(text).raw;
    return {
      key: readFileSync(key, "utf8"),
      cert: text,
      leaf: `sha256:${createHash("sha256").update(raw).digest("hex")}`,
    };
  };
  const both = [make("first"), make("second")] as const;
  setDefaultCACertificates([...trusted, both[0].cert, both[1].cert]);
  return both;
}

it("the audit names the certificate of the connection that carried a request, not the last one seen", async (t) => {
  const [first, second] = identities(t);
  const waiting: (() => void)[] = [];
  const server = createServer({ key: first.key, cert: first.cert }, (request, response) => {
    request.resume();
    const answer = { type: "message", content: [], usage: { input_tokens: 1, output_tokens: 1 } };
    const send = (): void =>
      void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    // The first request is held until the second one was answered on a connection of its own.
    if (waiting.length === 0) waiting.push(send);
    else send();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const upstream = `https://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  const routes = { worker: { upstream, dialect: "anthropic", residency: "local" } };
  const house = await gatewayFixture(t, { config: { routes } });
  const headers = { "x-api-key": await house.issue() };
  const asked = { model: "worker", max_tokens: 10, messages: [{ role: "user", content: "hi" }] };
  const held = house.post("/v1/messages", asked, headers);
  while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  server.setSecureContext({ key: second.key, cert: second.cert });
  assert.equal((await house.post("/v1/messages", asked, headers)).status, 200);
  waiting[0]?.();
  assert.equal((await held).status, 200);
  await house.quiet();
  await house.gateway().stop();
  const records = await Array.fromAsync(openLedger(join(house.folder, "state/ledger")).read());
  const leaves = records
    .filter(({ record }) => record.kind === "gateway.answer")
    .map(({ record }) => record["tlsLeaf"]);
  assert.deepEqual(leaves, [second.leaf, first.leaf]);
});
