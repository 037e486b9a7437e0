#!/usr/bin/env node
// The command line: finds the command, runs it, tells what went wrong, ends with one exit code. The only catch is here.
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { cacheFolder } from "./cache-folder.ts";
import { version } from "./version.ts";

if (process.argv[2] === "--version" || process.argv[2] === "-V") {
  process.stdout.write(`${version()}\n`);
} else {
  // Compiled code is kept between runs, which halves the start of the larger commands. In our own cache: in the folder for
  // temporary files, where Node would keep it, anybody on this machine could lay code for us to run.
  enableCompileCache(join(cacheFolder(), "compiled"));
  const { main } = await import("./program.ts");
  process.exitCode = await main(process.argv);
}
