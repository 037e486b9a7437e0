// Speaks to a twin's gateway: its model port from the twin's loopback, its management socket from inside the container.
import type { RunResult } from "../../lib/run.ts";

export type GatewayInTwin = {
  /** Runs a program in the twin as root. */
  readonly exec: (
    argv: readonly string[],
    options: { readonly input?: string; readonly timeoutMs: number },
  ) => Promise<RunResult>;
  readonly container: string;
  /** Host port on loopback. */
  readonly port: number;
};

export type Answer = { readonly status: number; readonly body: string };

const TIMEOUT_MS = 30_000;

/** Asks the management socket from inside the container, the only place that has it; path and body come on standard input. */
const MANAGE = `
const http = require("node:http"), fs = require("node:fs");
const { path, body } = JSON.parse(fs.readFileSync(0, "utf8"));
const key = fs.readFileSync("/var/lib/demesne-gateway/master.key", "utf8").trim();
const headers = { authorization: "Bearer " + key, "content-type": "application/json" };
const request = http.request({ socketPath: "/run/demesne-gateway/management.sock", path, method: "POST", headers }, (answer) => {
  let text = "";
  answer.on("data", (part) => (text += part)).on("end", () => console.log(text));
});
request.end(JSON.stringify(body));
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

/** Runs a program in the gateway's container, as its user. */
export async function inContainer(
  { exec, container }: GatewayInTwin,
  argv: readonly string[],
  input?: string,
): Promise<RunResult> {
  const options = { timeoutMs: TIMEOUT_MS, ...(input === undefined ? {} : { input }) };
  return await exec(["docker", "exec", ...(input === undefined ? [] : ["-i"]), container, ...argv], options);
}

/** The answer's text. */
export async function manage(gateway: GatewayInTwin, path: string, body: object): Promise<string> {
  const { stdout, stderr } = await inContainer(gateway, ["node", "-e", MANAGE], JSON.stringify({ path, body }));
  return stdout === "" ? stderr : stdout;
}

export async function issueKey(gateway: GatewayInTwin, settings: object): Promise<string> {
  const answer = await manage(gateway, "/key/generate", settings);
  const key = /"key":\s*"([^"]+)"/.exec(answer)?.[1];
  if (key === undefined) throw new Error(`the gateway issued no key: ${answer}`);
  return key;
}

export async function ask({ exec, port }: GatewayInTwin, path: string, key?: string, body?: object): Promise<Answer> {
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
