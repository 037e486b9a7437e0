// A tar archive (POSIX ustar, a pax header where a path is too long) that is the same bytes for the same entries: no
// clock, no numeric owners of this machine. Own code, since the small libraries for it read from a file system or bring
// native bindings.

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

/** Size of a header, and what contents are padded to. */
export const TAR_BLOCK = 512;
const TYPES = { file: "0", symlink: "2", directory: "5", pax: "x" } as const;

/** The whole archive. Throws RangeError for an owner, group or target that a header cannot hold. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = Buffer.from(entry.content ?? []);
    return [tarHeader(entry, content.length), content, tarPadding(content.length)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * TAR_BLOCK)]);
}

/** What stands before an entry's content of `sizeBytes`. */
export function tarHeader(entry: TarEntry, sizeBytes: number): Buffer {
  const path = entry.type === "directory" ? `${entry.path}/` : entry.path;
  const short = splitPath(path);
  if (short !== undefined) return header({ ...entry, ...short }, sizeBytes);
  const record = paxRecord("path", path);
  const pax = header({ type: "pax", mode: "0644", name: "pax", prefix: "" }, record.length);
  return Buffer.concat([
    pax,
    record,
    tarPadding(record.length),
    header({ ...entry, name: "long", prefix: "" }, sizeBytes),
  ]);
}

/** What stands behind a content of `sizeBytes`. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((TAR_BLOCK - (sizeBytes % TAR_BLOCK)) % TAR_BLOCK);
}

type Fields = Omit<TarEntry, "path" | "type"> & {
  readonly type: keyof typeof TYPES;
  readonly name: string;
  readonly prefix: string;
};

function header(fields: Fields, sizeBytes: number): Buffer {
  const block = Buffer.alloc(TAR_BLOCK);
  block.write(fields.name, 0);
  block.write(octal(Number.parseInt(fields.mode, 8), 8), 100);
  block.write(octal(fields.uid ?? 0, 8), 108);
  block.write(octal(fields.gid ?? 0, 8), 116);
  block.write(octal(sizeBytes, 12), 124);
  block.write(octal(0, 12), 136);
  block.write(" ".repeat(8), 148);
  block.write(TYPES[fields.type], 156);
  block.write(fitting("target", fields.target ?? "", 100), 157);
  block.write("ustar\u000000", 257);
  block.write(fitting("owner", fields.owner ?? "root", 31), 265);
  block.write(fitting("group", fields.group ?? "root", 31), 297);
  block.write(fields.prefix, 345);
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

/** ustar holds 100 bytes of name and 155 of folders before it. */
function splitPath(path: string): { readonly name: string; readonly prefix: string } | undefined {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: "" };
  for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (name !== "" && Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return { name, prefix };
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
