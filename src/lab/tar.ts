// Writes a tar archive that depends on nothing but its entries: sorted, owned by root, from the first second of 1970.
// Format: POSIX ustar, with a pax header where a name is too long for it.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";

export type TarEntry = {
  /** Path in the archive, no slash at either end. */
  readonly path: string;
  readonly mode: number;
} & (
  | {
      readonly kind: "folder";
      /** Number of the user and group it belongs to; root without it. */
      readonly owner?: number | undefined;
    }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "file"; readonly source: string }
);

const BLOCK = 512;

/** Writes the archive and answers with its digest and size. Folders above an entry are added. */
export async function writeTar(file: string, entries: readonly TarEntry[]): Promise<{ digest: string; size: number }> {
  const hash = createHash("sha256");
  const out = await open(file, "wx");
  let size = 0;
  try {
    for await (const chunk of archive(entries)) {
      hash.update(chunk);
      size += chunk.length;
      await out.write(chunk);
    }
  } finally {
    await out.close();
  }
  return { digest: `sha256:${hash.digest("hex")}`, size };
}

async function* archive(entries: readonly TarEntry[]): AsyncGenerator<Buffer> {
  for (const entry of withFolders(entries)) {
    const size = await sizeOf(entry);
    yield header(entry, size);
    if (entry.kind === "text") yield Buffer.from(entry.text);
    if (entry.kind === "file" && size > 0) {
      // A read stream without an encoding yields Buffers; its type says any.
      const chunks: AsyncIterable<Buffer> = createReadStream(entry.source, { end: size - 1, highWaterMark: 1 << 20 });
      yield* chunks;
    }
    yield Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
  }
  yield Buffer.alloc(2 * BLOCK);
}

function withFolders(entries: readonly TarEntry[]): TarEntry[] {
  const byPath = new Map<string, TarEntry>();
  for (const entry of entries) {
    const parts = entry.path.split("/");
    for (let depth = 1; depth < parts.length; depth += 1) {
      const path = parts.slice(0, depth).join("/");
      if (!byPath.has(path)) byPath.set(path, { kind: "folder", path, mode: 0o755 });
    }
    byPath.set(entry.path, entry);
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function sizeOf(entry: TarEntry): Promise<number> {
  if (entry.kind === "text") return Buffer.byteLength(entry.text);
  return entry.kind === "file" ? (await stat(entry.source)).size : 0;
}

function header(entry: TarEntry, size: number): Buffer {
  const isFolder = entry.kind === "folder";
  const name = isFolder ? `${entry.path}/` : entry.path;
  const owner = isFolder ? (entry.owner ?? 0) : 0;
  const rest = { mode: entry.mode, owner, size, type: isFolder ? "5" : "0" };
  const short = splitName(name);
  if (short !== undefined) return block({ ...short, ...rest });
  const record = paxRecord("path", name);
  const pax = block({ name: "pax", prefix: "", mode: 0o644, owner: 0, size: record.length, type: "x" });
  const padding = Buffer.alloc((BLOCK - (record.length % BLOCK)) % BLOCK);
  return Buffer.concat([pax, record, padding, block({ name: entry.path.slice(0, 20), prefix: "", ...rest })]);
}

/** ustar holds 100 bytes of name and 155 of folders before it. */
function splitName(name: string): { name: string; prefix: string } | undefined {
  if (Buffer.byteLength(name) <= 100) return { name, prefix: "" };
  for (let at = name.indexOf("/"); at > 0; at = name.indexOf("/", at + 1)) {
    const prefix = name.slice(0, at);
    const rest = name.slice(at + 1);
    if (rest !== "" && Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(rest) <= 100)
      return { name: rest, prefix };
  }
  return undefined;
}

/** `length key=value\n`, where the length counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

type Block = {
  readonly name: string;
  readonly prefix: string;
  readonly mode: number;
  readonly size: number;
  readonly type: string;
  readonly owner: number;
};

function block({ name, prefix, mode, size, type, owner }: Block): Buffer {
  const bytes = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, width: number): void => {
    bytes.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at, "ascii");
  };
  bytes.write(name, 0);
  octal(mode, 100, 8);
  octal(owner, 108, 8);
  octal(owner, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  bytes.write("        ", 148, "ascii");
  bytes.write(type, 156, "ascii");
  bytes.write("ustar\x0000", 257, "ascii");
  bytes.write(prefix, 345);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "ascii");
  return bytes;
}
