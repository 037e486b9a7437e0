// The gateway as a client sees it: a key issued over the management socket, a chat in both dialects, a wrong key refused,
// and the upstream's key seen by the upstream only.
import type { Sensitive } from "../../lib/sensitive.ts";
import type { Check } from "../../verify/index.ts";
import { ask, issueKey, type GatewayInTwin } from "./gateway-client.ts";
import type { Worker } from "./worker.ts";

export type GatewayCheckInput = GatewayInTwin & {
  readonly model: string;
  readonly upstreamKey: Sensitive;
  /** Virtual keys that the estate gives its services. */
  readonly serviceKeys: readonly Sensitive[];
  readonly worker: Worker;
};

export async function checkGateway(input: GatewayCheckInput): Promise<Check> {
  const failures: string[] = [];
  const expect = (isTrue: boolean, what: string): void => void (isTrue || failures.push(what));
  const key = await issueKey(input, { key_alias: "rehearsal" });
  const chat = { model: input.model, max_tokens: 64, messages: [{ role: "user", content: "hello" }] };
  for (const each of input.serviceKeys) {
    const { status } = await ask(input, "/v1/models", each.unwrap());
    expect(status === 200, `a service's own virtual key gets ${status}`);
  }
  const wrong = await ask(input, "/v1/messages", "sk-not-a-key", chat);
  const answers = {
    "/health/liveliness": await ask(input, "/health/liveliness"),
    "/v1/models": await ask(input, "/v1/models", key),
    "/v1/messages": await ask(input, "/v1/messages", key, chat),
    "/v1/chat/completions": await ask(input, "/v1/chat/completions", key, chat),
  };
  for (const [path, { status, body }] of Object.entries(answers))
    expect(status === 200, `${path} answers ${status}: ${body.slice(0, 200)}`);
  expect(answers["/v1/models"].body.includes(input.model), "/v1/models does not list the estate's model");
  expect(wrong.status === 401, `a wrong key gets ${wrong.status}, not 401`);
  const seen = await input.worker.seen();
  const upstreamKey = input.upstreamKey.unwrap();
  expect(seen.length > 0, "nothing reached the scripted worker");
  expect(
    seen.every((each) => JSON.stringify(each.headers).includes(upstreamKey)),
    "the upstream was not given its key",
  );
  expect(!seen.some((each) => JSON.stringify(each).includes(key)), "the client's virtual key reached the upstream");
  const clear = Object.values(answers).some(({ body }) => body.includes(upstreamKey));
  expect(!clear, "the client saw the upstream's key");
  return {
    name: "the gateway answers both dialects, and alone holds the upstream's key",
    from: "the twin itself",
    result: failures.length === 0 ? "pass" : "fail",
    counts: { requests: Object.keys(answers).length + input.serviceKeys.length + 1, reachedUpstream: seen.length },
    detail:
      failures[0] ?? "a virtual key was issued; both dialects, models, health and a refused key are as they should be",
    evidence: failures,
  };
}
