// Speaks to a running gateway over its management socket: for the command line, which never opens the database itself.
import { request as httpRequest } from "node:http";
import { text as readText } from "node:stream/consumers";
import { Problem } from "../lib/problem.ts";
import type { Sensitive } from "../lib/sensitive.ts";
import { isObject, stringOr, type JsonObject } from "./json.ts";

export type Management = {
  readonly socket: string;
  readonly masterKey: Sensitive;
};

export type ManagementRequest = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: object;
  readonly signal: AbortSignal;
};

const TIMEOUT_MS = 15_000;

/** The answer's JSON object. Throws Problem when the gateway does not answer, or refuses. */
export async function callManagement(gateway: Management, request: ManagementRequest): Promise<JsonObject> {
  const { status, text } = await send(gateway, request);
  const answer: unknown = JSON.parse(text);
  if (status === 200 && isObject(answer)) return answer;
  const error = isObject(answer) && isObject(answer["error"]) ? answer["error"] : {};
  const isAskedWrongly = status >= 400 && status < 500;
  throw new Problem({
    code: status === 401 ? "secret" : isAskedWrongly ? "usage" : "refused",
    where: gateway.socket,
    what: stringOr(error["message"], `answered ${status}`),
    fix: status === 401 ? "name the file with this gateway's master key" : "change what was asked and try again",
  });
}

async function send(gateway: Management, { method, path, body, signal }: ManagementRequest) {
  return await new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    const unreachable = (cause: Error): void => {
      const what = `does not answer (${"code" in cause ? String(cause.code) : cause.message})`;
      const fix = "start the gateway, or name its socket with --socket";
      reject(new Problem({ code: "unreachable", where: gateway.socket, what, fix, cause }));
    };
    const request = httpRequest(
      {
        socketPath: gateway.socket,
        method,
        path,
        headers: { authorization: `Bearer ${gateway.masterKey.unwrap()}` },
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      },
      (response) => {
        readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), unreachable);
      },
    );
    request.on("error", unreachable);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
