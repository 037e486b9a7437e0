// What the gateway is measured against: Node's http server and undici, with the same JSON work and nothing else. With the
// name of a file it also writes 1 KB there and flushes it before it forwards: the least that an audit can cost.
import { fdatasync, openSync, writeSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { promisify } from "node:util";
import { Pool } from "undici";

const pool = new Pool(process.argv[3] ?? "", { connections: 1024 });
const flush = promisify(fdatasync);
const journal = process.argv[4] === undefined ? undefined : openSync(process.argv[4], "w");
const RECORD = Buffer.alloc(1024, "x");

async function record(): Promise<void> {
  if (journal === undefined) return;
  writeSync(journal, RECORD, 0, RECORD.length, 0);
  await flush(journal);
}

async function proxy(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const asked = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  await record();
  const answer = await pool.request({
    path: "/v1/messages",
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": "bench" },
    body: JSON.stringify({ ...asked, model: "bench" }),
  });
  if (asked.stream === true) {
    response.writeHead(answer.statusCode, { "content-type": "text/event-stream" });
    answer.body.pipe(response);
    return;
  }
  const text = JSON.stringify(await answer.body.json());
  response.writeHead(answer.statusCode, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

createServer((request, response) => {
  proxy(request, response).catch(() => response.destroy());
}).listen(Number(process.argv[2]), "127.0.0.1");
