// Opens and closes servers: on a unix socket of the gateway's user alone, or on an address.
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { dirname } from "node:path";
import { Problem } from "../lib/problem.ts";

/** Throws Problem when the socket cannot be had. */
export async function listenUnix(server: Server, path: string): Promise<void> {
  makeRoom(path);
  const before = process.umask(0o177);
  try {
    await listening(server, path, () => server.listen(path));
    chmodSync(path, 0o600);
  } finally {
    process.umask(before);
  }
}

function makeRoom(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // The books are locked by now, so a socket that is still there belongs to a gateway that died.
    rmSync(path, { force: true });
  } catch (cause) {
    throw new Problem({
      code: "prerequisite",
      where: path,
      what: `cannot be made (${reasonOf(cause)})`,
      fix: "let the gateway's user write there, or name another path as management",
      cause,
    });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

/** Throws Problem when the address cannot be had. */
export async function listenTcp(server: Server, listen: string): Promise<void> {
  const at = listen.lastIndexOf(":");
  const host = listen.slice(0, at).replace(/^\[|\]$/g, "");
  await listening(server, listen, () => server.listen(Number(listen.slice(at + 1)), host));
}

async function listening(server: Server, where: string, listen: () => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new Problem({
          code: "prerequisite",
          where,
          what: `cannot be listened on (${reasonOf(cause)})`,
          fix: "free it or name another",
          cause,
        }),
      );
    });
    server.once("listening", resolve);
    listen();
  });
}

/** Takes no more connections from now on; resolves when the last one is gone. */
export async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}

/** What was answered may still be on its way to the client: it gets a moment. */
const FLUSH_MS = 1000;

/** Ends what is idle at once, and the rest after a moment. */
export async function endConnections(server: Server, isClosed: Promise<void>): Promise<void> {
  server.closeIdleConnections();
  const late = setTimeout(() => server.closeAllConnections(), FLUSH_MS);
  await isClosed;
  clearTimeout(late);
}
