// A tar archive (POSIX ustar) that is the same bytes for the same entries: no clock, no numeric owners of this machine.
// Own code, since the small libraries for it read from a file system or bring native bindings.

export type TarEntry = {
  /** Relative path, without a leading slash. */
  readonly path: string;
  readonly type: "file" | "directory" | "symlink";
  /** Octal text, `0644`. */
  readonly mode: string;
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly content?: Uint8Array | undefined;
  /** Target of a symlink. */
  readonly target?: string | undefined;
};

const BLOCK = 512;
const TYPES = { file: "0", symlink: "2", directory: "5" } as const;

/** The whole archive. Throws RangeError for a path that ustar cannot hold (about 255 bytes). */
export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = Buffer.from(entry.content ?? []);
    return [header(entry, content.length), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const { name, prefix } = splitPath(entry.type === "directory" ? `${entry.path}/` : entry.path);
  block.write(name, 0);
  block.write(octal(Number.parseInt(entry.mode, 8), 8), 100);
  block.write(octal(entry.uid ?? 0, 8), 108);
  block.write(octal(entry.gid ?? 0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write(" ".repeat(8), 148);
  block.write(TYPES[entry.type], 156);
  block.write(entry.target ?? "", 157);
  block.write("ustar\u000000", 257);
  block.write(entry.owner ?? "root", 265);
  block.write(entry.group ?? "root", 297);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148);
  return block;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, "0")}\u0000`;
}

function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: "" };
  const at = path
    .split("")
    .findIndex((letter, index) => letter === "/" && Buffer.byteLength(path.slice(index + 1)) <= 100);
  if (at < 0 || at > 154 || path.length - at < 2) throw new RangeError(`path too long for a tar archive: ${path}`);
  return { name: path.slice(at + 1), prefix: path.slice(0, at) };
}
