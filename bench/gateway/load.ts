// The load: raw sockets, so that the client costs little. `node load.ts '<Load as JSON>'` prints a Result as JSON.
// Closed loop with `connections`; with `rate`, requests start at a constant rate and wait for a free connection, and the
// wait counts.
import { connect, type Socket } from "node:net";

export type Load = {
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
  readonly bodyBytes: number;
  readonly isStream: boolean;
  readonly connections: number;
  readonly seconds: number;
  readonly rate?: number;
};

export type Result = {
  readonly requests: number;
  readonly errors: number;
  readonly rps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Streams only: data events per answer (fewest), and the 99th percentile of |gap - 20 ms|. */
  readonly fewestFrames: number;
  readonly gapP99Ms: number;
};

const load: Load = JSON.parse(process.argv[2] ?? "{}");
const body = JSON.stringify({
  model: load.model,
  max_tokens: 100,
  ...(load.isStream ? { stream: true } : {}),
  messages: [{ role: "user", content: "word ".repeat(Math.max(1, Math.ceil((load.bodyBytes - 100) / 5))) }],
});
const headers = Object.entries({ host: "127.0.0.1", "content-type": "application/json", ...load.headers });
const request = Buffer.from(
  `POST /v1/messages HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
);

const latencies: number[] = [];
const gaps: number[] = [];
const idle: Connection[] = [];
const waiting: number[] = [];
let errors = 0;
let fewestFrames = Number.POSITIVE_INFINITY;
let isOver = false;
let running = 0;

type Connection = {
  readonly socket: Socket;
  startedAt: number;
  /** What came until the head was whole. */
  head: string;
  /** Bytes of the body that are still to come; undefined before the head is whole, infinite in a stream. */
  missing: number | undefined;
  frames: number;
  lastFrameAt: number;
};

function open(): void {
  const one: Connection = {
    socket: connect(load.port, "127.0.0.1"),
    startedAt: 0,
    head: "",
    missing: undefined,
    frames: 0,
    lastFrameAt: 0,
  };
  one.socket.setNoDelay(true);
  one.socket.on("connect", () => free(one));
  one.socket.on("data", (chunk) => read(one, chunk.toString("latin1")));
  one.socket.on("error", () => (errors += 1));
}

function free(one: Connection): void {
  if (load.rate === undefined) return send(one, performance.now());
  const next = waiting.shift();
  if (next === undefined) idle.push(one);
  else send(one, next);
}

function send(one: Connection, at: number): void {
  if (isOver) return;
  one.startedAt = at;
  one.head = "";
  one.missing = undefined;
  one.frames = 0;
  one.lastFrameAt = 0;
  running += 1;
  one.socket.write(request);
}

function read(one: Connection, chunk: string): void {
  if (load.isStream) countFrames(one, chunk);
  if (!isWhole(one, chunk)) return;
  running -= 1;
  if (!one.head.startsWith("HTTP/1.1 200")) {
    errors += 1;
    if (errors === 1) process.stderr.write(`${one.head.slice(0, 600)}\n`);
  }
  if (!isOver || load.isStream) {
    latencies.push(performance.now() - one.startedAt);
    fewestFrames = Math.min(fewestFrames, one.frames);
  }
  free(one);
}

function countFrames(one: Connection, chunk: string): void {
  const frames = chunk.split("content_block_delta\n").length - 1;
  if (frames === 0) return;
  const now = performance.now();
  if (one.lastFrameAt !== 0) gaps.push(Math.max(0, now - one.lastFrameAt - 20));
  one.lastFrameAt = now;
  one.frames += frames;
}

/** Costs little: with hundreds of streams the client must not be what is measured. */
function isWhole(one: Connection, chunk: string): boolean {
  if (one.missing === undefined) {
    one.head += chunk;
    const end = one.head.indexOf("\r\n\r\n");
    if (end === -1) return false;
    const length = /content-length: (\d+)/i.exec(one.head)?.[1];
    one.missing = length === undefined ? Number.POSITIVE_INFINITY : Number(length) - (one.head.length - end - 4);
  } else {
    one.missing -= chunk.length;
  }
  return one.missing === Number.POSITIVE_INFINITY ? chunk.endsWith("0\r\n\r\n") : one.missing <= 0;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

// Streams begin one after the other, so that their events do not all come at one moment.
const spreadMs = load.isStream ? 820 / load.connections : 0;
for (let index = 0; index < load.connections; index += 1) setTimeout(open, index * spreadMs);
const startedAt = performance.now();
if (load.rate !== undefined) {
  const { rate } = load;
  let started = 0;
  setInterval(() => {
    const due = ((performance.now() - startedAt) / 1000) * rate;
    if (isOver) return;
    for (; started < due; started += 1) {
      const at = startedAt + (started / rate) * 1000;
      const one = idle.shift();
      if (one === undefined) waiting.push(at);
      else send(one, at);
    }
  }, 1);
}
setTimeout(() => {
  isOver = true;
  const seconds = (performance.now() - startedAt) / 1000;
  const finish = (): void => {
    const result: Result = {
      requests: latencies.length,
      errors,
      rps: latencies.length / seconds,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      fewestFrames: Number.isFinite(fewestFrames) ? fewestFrames : 0,
      gapP99Ms: percentile(gaps, 0.99),
    };
    process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
  };
  // Streams that have begun are counted to their end: a lost frame must show.
  if (!load.isStream) return finish();
  const ends = performance.now() + 5000;
  const timer = setInterval(() => {
    if (running > 0 && performance.now() < ends) return;
    clearInterval(timer);
    finish();
  }, 20);
}, load.seconds * 1000);
