// One chunk of a streamed answer. Node writes a chunk in four pieces (its length, two line ends, the bytes), gathered by a
// timer of its own; with hundreds of streams that is a quarter of the gateway's work. So it is put together here.
import type { ServerResponse } from "node:http";

/** After the head was sent. Answers false when the client is behind; then its socket will emit `drain`. */
export function writeFrame(response: ServerResponse, content: string | Buffer): boolean {
  const { socket } = response;
  // A pipelined answer has no socket before its turn, and HTTP/1.0 knows no chunks: both are Node's.
  if (socket === null || !response.chunkedEncoding || !response.headersSent) return response.write(content);
  if (socket.destroyed) return false;
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const size = bytes.length.toString(16);
  const frame = Buffer.allocUnsafe(size.length + bytes.length + 4);
  frame.write(`${size}\r\n`, 0, "latin1");
  bytes.copy(frame, size.length + 2);
  frame.write("\r\n", size.length + 2 + bytes.length, "latin1");
  return socket.write(frame);
}
