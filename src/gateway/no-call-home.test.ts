// What a gateway connects to, from its start to its end: the upstreams that its routes name, and nothing else.
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Socket } from "node:net";
import { it } from "node:test";
import { gatewayFixture } from "./gateway-fixture.ts";

it("connects to its routes' upstreams only", async (t) => {
  const reached = new Set<string>();
  const note = (message: unknown): void => {
    const socket = typeof message === "object" && message !== null && "socket" in message ? message.socket : undefined;
    if (!(socket instanceof Socket)) return;
    // A name that is looked up is a connection to somewhere, too.
    socket.on("lookup", (_error, _address, _family, host) => reached.add(`name ${host}`));
    socket.on("connect", () => {
      if (socket.remotePort !== undefined) reached.add(`${socket.remoteAddress}:${socket.remotePort}`);
    });
  };
  subscribe("net.client.socket", note);
  t.after(() => unsubscribe("net.client.socket", note));
  const house = await gatewayFixture(t);
  const headers = { "x-api-key": await house.issue() };
  for (const model of ["claude-hosted", "local-chat", "claude-unpriced", "unknown"]) {
    await house.post("/v1/messages", { model, max_tokens: 10, messages: [{ role: "user", content: "hi" }] }, headers);
  }
  await house.post("/v1/messages/count_tokens", { model: "claude-hosted", messages: [] }, headers);
  await house.get("/v1/models", headers);
  await house.restart();
  const worker = house.worker.server.address();
  assert.ok(typeof worker === "object" && worker !== null);
  const own = new Set([...reached].filter((one) => !house.logged.some((entry) => JSON.stringify(entry).includes(one))));
  assert.deepEqual([...own], [`127.0.0.1:${worker.port}`]);
});
