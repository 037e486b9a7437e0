// Passes an answer of the client's own dialect on as it arrives, holding the upstream back while the client is slow.
import type { ServerResponse } from "node:http";
import { Refusal } from "./refusal.ts";
import type { AnswerHead, AnswerReader, Flow } from "./upstream.ts";

/** An upstream's headers that a client may see; rate limits of the gateway's account are not among them. */
const RETURNED = ["content-type", "content-length", "retry-after", "x-should-retry", "x-demesne-stand-in"] as const;

export type Relay = {
  readonly head: AnswerHead;
  readonly flow: Flow;
  readonly response: ServerResponse;
  readonly requestId: string;
};

/** Throws Refusal when the answer is none that a client of this dialect could read. */
export function relay({ head, flow, response, requestId }: Relay): AnswerReader {
  checkReadable(head);
  response.writeHead(head.status, { ...returned(head), "request-id": requestId });
  return {
    chunk(bytes) {
      if (response.write(bytes)) return;
      flow.pause();
      response.once("drain", () => flow.resume());
    },
  };
}

export function checkReadable(head: AnswerHead): void {
  if (head.status === 401) {
    throw new Refusal("api_error", "the upstream refuses the gateway's credential", { "x-should-retry": "false" });
  }
  const type = head.headers["content-type"] ?? "";
  if (!/^(application\/json|text\/event-stream)\b/.test(type)) {
    throw new Refusal("api_error", `the upstream answered ${head.status} with something that is no API answer`);
  }
}

export function returned(head: AnswerHead): Record<string, string> {
  return Object.fromEntries(
    RETURNED.flatMap((name) => (head.headers[name] === undefined ? [] : [[name, head.headers[name]]])),
  );
}
