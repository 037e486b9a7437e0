// A STAND-IN for a model, for rehearsals and tests: answers both dialects from a script and says so in every answer
// and in the header x-demesne-stand-in. It remembers what it was sent; GET /stand-in/seen tells.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text as readText } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { LABEL, standardAnswer, type Scripted, type Seen } from "./scripted-answers.ts";

/** A test's own answer to a request, or undefined for the standard one. */
export type Script = (seen: Seen) => Scripted | undefined;

export function scriptedWorker(script: Script = () => undefined): { readonly server: Server; readonly seen: Seen[] } {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    answer(request, response, script, seen).catch(() => response.destroy());
  });
  return { server, seen };
}

async function answer(request: IncomingMessage, response: ServerResponse, script: Script, seen: Seen[]): Promise<void> {
  const path = request.url ?? "";
  if (path === "/stand-in/seen") return end(response, 200, seen);
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  const one = { path, headers, body: await readText(request) };
  seen.push(one);
  await play(response, script(one) ?? standardAnswer(one));
}

async function play(response: ServerResponse, scripted: Scripted): Promise<void> {
  if (scripted.isMute === true) return;
  await pause(scripted.headMs);
  response.writeHead(scripted.status ?? 200, { "x-demesne-stand-in": LABEL, ...scripted.headers });
  response.flushHeaders();
  for (const part of scripted.parts) {
    response.write(part);
    await pause(scripted.gapMs);
  }
  if (scripted.end === "hang") return;
  if (scripted.end === "cut") response.destroy();
  else response.end();
}

async function pause(forMs: number | undefined): Promise<void> {
  if (forMs !== undefined) await new Promise((resolve) => setTimeout(resolve, forMs));
}

function end(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json", "x-demesne-stand-in": LABEL });
  response.end(JSON.stringify(value));
}

function runAlone(): void {
  const { values } = parseArgs({ options: { listen: { type: "string", default: "127.0.0.1:4199" } } });
  const at = values.listen.lastIndexOf(":");
  const { server } = scriptedWorker();
  server.listen(Number(values.listen.slice(at + 1)), values.listen.slice(0, at).replace(/^\[|\]$/g, ""));
  process.on("SIGTERM", () => process.exit(0));
  process.on("SIGINT", () => process.exit(0));
}

if (import.meta.main) runAlone();
