// The gateway as a client sees it: a key issued over the management socket, a chat in both dialects, a wrong key refused,
// and the upstream's key seen by the upstream only.
import type { RunResult } from "../../lib/run.ts";
import type { Sensitive } from "../../lib/sensitive.ts";
import type { Check } from "../../verify/index.ts";
import type { Worker } from "./worker.ts";

export type GatewayCheckInput = {
  /** Runs a program in the twin as root. */
  readonly exec: (
    argv: readonly string[],
    options: { readonly input?: string; readonly timeoutMs: number },
  ) => Promise<RunResult>;
  readonly container: string;
  /** Host port on loopback. */
  readonly port: number;
  readonly model: string;
  readonly upstreamKey: Sensitive;
  /** Virtual keys that the estate gives its services. */
  readonly serviceKeys: readonly Sensitive[];
  readonly worker: Worker;
};

type Answer = { readonly status: number; readonly body: string };

const TIMEOUT_MS = 30_000;

/** Asks the management socket from inside the container, the only place that has it. */
const ISSUE = `
const http = require("node:http"), fs = require("node:fs");
const key = fs.readFileSync("/var/lib/demesne-gateway/master.key", "utf8").trim();
const headers = { authorization: "Bearer " + key, "content-type": "application/json" };
const request = http.request({ socketPath: "/run/demesne-gateway/management.sock", path: "/key/generate", method: "POST", headers }, (answer) => {
  let text = "";
  answer.on("data", (part) => (text += part)).on("end", () => console.log(text));
});
request.end(JSON.stringify({ key_alias: "rehearsal" }));
`;

/** One HTTP request from the twin's loopback; method, url, headers and body come on standard input. */
const ASK = `
import json, sys, urllib.request, urllib.error
asked = json.load(sys.stdin)
body = asked["body"].encode() if asked["body"] is not None else None
request = urllib.request.Request(asked["url"], data=body, headers=asked["headers"], method=asked["method"])
try:
    with urllib.request.urlopen(request, timeout=20) as answer:
        print(json.dumps({"status": answer.status, "body": answer.read().decode()}))
except urllib.error.HTTPError as error:
    print(json.dumps({"status": error.code, "body": error.read().decode()}))
`;

export async function checkGateway(input: GatewayCheckInput): Promise<Check> {
  const failures: string[] = [];
  const expect = (isTrue: boolean, what: string): void => void (isTrue || failures.push(what));
  const key = await issueKey(input);
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

async function issueKey({ exec, container }: GatewayCheckInput): Promise<string> {
  const { stdout, stderr } = await exec(["docker", "exec", container, "node", "-e", ISSUE], { timeoutMs: TIMEOUT_MS });
  const key = /"key":\s*"([^"]+)"/.exec(stdout)?.[1];
  if (key === undefined) throw new Error(`the gateway issued no key: ${stderr}${stdout}`);
  return key;
}

async function ask({ exec, port }: GatewayCheckInput, path: string, key?: string, body?: object): Promise<Answer> {
  const headers = {
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    ...(body === undefined ? {} : { "content-type": "application/json", "anthropic-version": "2023-06-01" }),
  };
  const url = `http://127.0.0.1:${port}${path}`;
  const asked = {
    url,
    method: body === undefined ? "GET" : "POST",
    headers,
    body: body === undefined ? null : JSON.stringify(body),
  };
  const { stdout, stderr } = await exec(["python3", "-c", ASK], {
    input: JSON.stringify(asked),
    timeoutMs: TIMEOUT_MS,
  });
  if (stdout === "") return { status: 0, body: stderr.trim().split("\n").at(-1) ?? "" };
  const answer: Answer = JSON.parse(stdout);
  return answer;
}
