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

/** The whole archive. Throws RangeError for what ustar cannot hold: a path of about 255 bytes, a long name or target. */
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
  block.write(fitting("target", entry.target ?? "", 100), 157);
  block.write("ustar\u000000", 257);
  block.write(fitting("owner", entry.owner ?? "root", 31), 265);
  block.write(fitting("group", entry.group ?? "root", 31), 297);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148);
  return block;
}

function octal(value: number, width: number): string {
  return `${fitting("number", value.toString(8).padStart(width - 1, "0"), width - 1)}\u0000`;
}

/** What is too long would run into the next field, and nobody would see it. */
function fitting(field: string, text: string, bytes: number): string {
  if (Buffer.byteLength(text) > bytes) throw new RangeError(`${field} too long for a tar archive: ${text}`);
  return text;
}

function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: "" };
  const at = path
    .split("")
    .findIndex((letter, index) => letter === "/" && Buffer.byteLength(path.slice(index + 1)) <= 100);
  if (at < 0 || path.length - at < 2) throw new RangeError(`path too long for a tar archive: ${path}`);
  return { name: path.slice(at + 1), prefix: fitting("path", path.slice(0, at), 155) };
}
