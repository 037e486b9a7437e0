// The upstream of the bench: a raw TCP server that answers every POST at once, so that it costs as little as it can.
// A body with "stream":true gets 40 events, 20 ms apart; anything else one message of about 1 KB.
import { createServer, type Socket } from "node:net";

const TEXT = "x".repeat(800);
const MESSAGE = JSON.stringify({
  id: "msg_bench",
  type: "message",
  role: "assistant",
  model: "bench",
  content: [{ type: "text", text: TEXT }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 12, output_tokens: 7 },
});
const ANSWER = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${MESSAGE.length}\r\n\r\n${MESSAGE}`;

const FRAMES = 40;
const GAP_MS = 20;

function event(name: string, data: object): string {
  const text = `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

function stream(socket: Socket): void {
  socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
  socket.write(event("message_start", { message: { usage: { input_tokens: 12, output_tokens: 1 } } }));
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    if (sent <= FRAMES) {
      socket.write(event("content_block_delta", { index: 0, delta: { type: "text_delta", text: `${sent} ` } }));
      return;
    }
    clearInterval(timer);
    socket.write(event("message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: 40 } }));
    socket.write(`${event("message_stop", {})}0\r\n\r\n`);
  }, GAP_MS);
  socket.on("close", () => clearInterval(timer));
}

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  let missing = -1;
  let head = "";
  let isStream = false;
  socket.on("data", (chunk) => {
    const text = chunk.toString("latin1");
    if (missing < 0) {
      head += text;
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) return;
      missing = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0) - (head.length - end - 4);
      isStream = head.includes('"stream":true');
    } else {
      missing -= text.length;
      isStream ||= text.includes('"stream":true');
    }
    if (missing > 0) return;
    missing = -1;
    head = "";
    if (isStream) stream(socket);
    else socket.write(ANSWER);
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1");
