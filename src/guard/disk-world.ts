// The judge's world as it really is: the files of this machine, read with bounds.
import { closeSync, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { World } from "./world.ts";

const MAX_SCRIPT_BYTES = 262_144;

export function diskWorld(root: string, home: string): World {
  return { root, home, read: readText, resolve: resolvePath };
}

function readText(path: string): string | null | undefined {
  let fd: number;
  try {
    // Non-blocking, so that opening a pipe does not hold the hook up.
    fd = openSync(path, 0o4000);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT" ? undefined : null;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > MAX_SCRIPT_BYTES) return null;
    const bytes = Buffer.alloc(stat.size);
    const length = readSync(fd, bytes, 0, stat.size, 0);
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, length));
    return text.includes("\0") || /[\uE000-\uE003]/.test(text) ? null : text;
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}

/** Symbolic links followed as far as the path exists. */
function resolvePath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(resolvePath(parent), basename(path));
  }
}
