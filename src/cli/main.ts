#!/usr/bin/env node
// The command line: finds the command, runs it, tells what went wrong, ends with one exit code. The only catch is here.
import { enableCompileCache } from "node:module";
import { version } from "./version.ts";

// Compiled code is kept between runs, which halves the start of the larger commands.
enableCompileCache();

if (process.argv[2] === "--version" || process.argv[2] === "-V") {
  process.stdout.write(`${version()}\n`);
} else {
  const { main } = await import("./program.ts");
  process.exitCode = await main(process.argv);
}
