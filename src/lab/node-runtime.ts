// The first layer of our images: the Node binary this repository runs on, the shared libraries it needs, and the few files
// that programs expect. No distribution, no shell, no package manager.
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { output } from "./command.ts";
import type { TarEntry } from "./tar.ts";

export const NODE = "/usr/local/bin/node";
/** The unprivileged user that everything in the image runs as. */
export const IMAGE_USER = "10001:10001";

const CERTIFICATES = "etc/ssl/certs/ca-certificates.crt";

export async function nodeRuntime(root: string): Promise<TarEntry[]> {
  const node = realpathSync(join(root, "node_modules/node/bin/node"));
  const libraries = parseLdd(await output(["ldd", node]));
  return [
    { kind: "file", path: NODE.slice(1), mode: 0o755, source: node },
    ...libraries.map(
      (path) => ({ kind: "file", path: path.slice(1), mode: 0o755, source: realpathSync(path) }) as const,
    ),
    ...(existsSync(`/${CERTIFICATES}`)
      ? [{ kind: "file", path: CERTIFICATES, mode: 0o644, source: realpathSync(`/${CERTIFICATES}`) } as const]
      : []),
    text("etc/passwd", "root:x:0:0:root:/root:/sbin/nologin\napp:x:10001:10001::/app:/sbin/nologin\n"),
    text("etc/group", "root:x:0:\napp:x:10001:\n"),
    text("etc/nsswitch.conf", "hosts: files dns\n"),
    { kind: "folder", path: "tmp", mode: 0o1777 },
    { kind: "folder", path: "app", mode: 0o755 },
  ];
}

/** Absolute paths of the libraries in ldd's listing; the kernel's own (vdso) has none. */
export function parseLdd(listing: string): string[] {
  return listing.split("\n").flatMap((line) => /(?:=>\s+|^\s*)(\/\S+)\s+\(0x/.exec(line)?.[1] ?? []);
}

function text(path: string, content: string): TarEntry {
  return { kind: "text", path, mode: 0o644, text: content };
}
