// Writes a tar archive to a file as it goes, and depends on nothing but its entries: sorted, from the first second of 1970.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { TAR_BLOCK, tarHeader, tarPadding } from "../lib/tar.ts";

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

/** Digest of all that the archive holds beside the files' contents: it moves with the format, too. */
export async function tarOutline(entries: readonly TarEntry[]): Promise<string> {
  const hash = createHash("sha256");
  for (const entry of withFolders(entries)) hash.update(header(entry, await sizeOf(entry)));
  return `sha256:${hash.digest("hex")}`;
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
    yield tarPadding(size);
  }
  yield Buffer.alloc(2 * TAR_BLOCK);
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
  const { path } = entry;
  const mode = entry.mode.toString(8).padStart(4, "0");
  if (entry.kind !== "folder") return tarHeader({ path, mode, type: "file" }, size);
  const { owner = 0 } = entry;
  return tarHeader(
    { path, mode, type: "directory", uid: owner, gid: owner, ...(owner === 0 ? {} : { owner: "", group: "" }) },
    size,
  );
}
