import assert from "node:assert/strict";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { describe, it, type TestContext } from "node:test";
import { z } from "zod";
import { gatewayFixture } from "./gateway-fixture.ts";

const Value = z.union([
  z.object({ stringValue: z.string() }).transform((one) => one.stringValue),
  z.object({ boolValue: z.boolean() }).transform((one) => one.boolValue),
  z.object({ intValue: z.coerce.number() }).transform((one) => one.intValue),
]);

/** What OTLP/HTTP says in JSON, as far as it is read here. */
const Request = z.object({
  resourceSpans: z.array(
    z.object({
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              name: z.string(),
              traceId: z.string(),
              parentSpanId: z.string().optional(),
              startTimeUnixNano: z.string(),
              endTimeUnixNano: z.string(),
              status: z.object({ code: z.number().optional() }),
              attributes: z.array(z.object({ key: z.string(), value: Value })),
            }),
          ),
        }),
      ),
    }),
  ),
});
type Span = z.infer<typeof Request>["resourceSpans"][number]["scopeSpans"][number]["spans"][number];

/** Stands in for an OpenTelemetry collector: it takes OTLP over HTTP as JSON, and keeps what it got. */
async function collector(t: TestContext, status = 200) {
  const bodies: unknown[] = [];
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(`${request.method} ${request.url} ${request.headers["content-type"]}`);
    const keep = async (): Promise<void> => {
      bodies.push(await json(request));
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    };
    keep().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const spans = (): Span[] =>
    bodies.flatMap((body) =>
      Request.parse(body).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
    );
  return { url: `http://127.0.0.1:${port}/v1/traces`, bodies, paths, spans };
}

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const asked = { model: "claude-hosted", max_tokens: 100, messages: [{ role: "user", content: "a-word-of-content" }] };

describe("traces", () => {
  it("are one span a request, with the conventions' names and not a word of content", async (t) => {
    const stand = await collector(t);
    const house = await gatewayFixture(t, { config: { traces: stand.url } });
    const headers = { "x-api-key": await house.issue(), traceparent: `00-${TRACE}-b7ad6b7169203331-01` };
    await house.post("/v1/messages", asked, headers);
    await house.post("/v1/chat/completions", { ...asked, model: "local-chat" }, { "x-api-key": headers["x-api-key"] });
    await house.quiet();
    await house.gateway().stop();
    assert.equal(stand.paths[0], "POST /v1/traces application/json");
    const [hosted, local] = stand.spans();
    assert.deepEqual([hosted?.name, local?.name], ["chat claude-hosted", "chat local-chat"]);
    assert.deepEqual([hosted?.traceId, hosted?.parentSpanId], [TRACE, "b7ad6b7169203331"]);
    assert.notEqual(local?.traceId, TRACE);
    assert.ok(BigInt(hosted?.startTimeUnixNano ?? 0) <= BigInt(hosted?.endTimeUnixNano ?? 0));
    const told = new Map(hosted?.attributes.map(({ key, value }) => [key, value]));
    assert.equal(told.get("gen_ai.operation.name"), "chat");
    assert.equal(told.get("gen_ai.provider.name"), "anthropic");
    assert.equal(told.get("gen_ai.request.model"), "claude-hosted");
    assert.equal(told.get("gen_ai.response.model"), "claude-sonnet-4-6");
    assert.deepEqual([told.get("gen_ai.usage.input_tokens"), told.get("gen_ai.usage.output_tokens")], [12, 7]);
    assert.equal(told.get("error.type"), undefined);
    const text = JSON.stringify(stand.bodies);
    for (const secret of ["a-word-of-content", headers["x-api-key"], house.upstreamKey]) {
      assert.ok(!text.includes(secret), `${secret} is in a span`);
    }
  });

  it("that a collector refuses are told of in the log, and nobody waits for them", async (t) => {
    const stand = await collector(t, 400);
    const house = await gatewayFixture(t, { config: { traces: stand.url } });
    const answer = await house.post("/v1/messages", asked, { "x-api-key": await house.issue() });
    assert.equal(answer.status, 200);
    await house.quiet();
    await house.gateway().stop();
    assert.deepEqual(
      house.logged.filter(({ event }) => event === "traces-lost"),
      [{ event: "traces-lost", spans: 1 }],
    );
  });
});
