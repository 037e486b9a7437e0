// Where things are kept that are made once and can be made again: ansible-core, base systems, packages.
import { homedir } from "node:os";
import { join } from "node:path";

export function cacheFolder(): string {
  const root = process.getuid?.() === 0 ? "/var/cache" : join(homedir(), ".cache");
  return join(process.env["XDG_CACHE_HOME"] ?? root, "demesne");
}
