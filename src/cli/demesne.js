#!/usr/bin/env node
// Where the command line starts. Plain JavaScript: to read the first TypeScript file Node loads a compiler, which takes longer
// than all of `--version`. With the cache of compiled code on before that, it is not loaded again.
import { readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

const [, , first] = process.argv;
if (first === "--version" || first === "-V") {
  process.stdout.write(`${JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version}\n`);
} else {
  // In our own cache, as cache-folder.ts has it: in the folder for temporary files, where Node would keep it, anybody on this
  // machine could lay code for us to run.
  const root = process.getuid?.() === 0 ? "/var/cache" : join(homedir(), ".cache");
  enableCompileCache(join(process.env["XDG_CACHE_HOME"] ?? root, "demesne", "compiled"));
  const { main } = await import("./program.ts");
  // What has ended ends with its own code, though a signal comes while the process leaves: main no longer listens then.
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => {});
  process.exitCode = await main(process.argv);
}
