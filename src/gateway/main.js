// Where the gateway's process starts: `node src/gateway/main.js --config FILE`. Plain JavaScript, since to read TypeScript Node
// loads a compiler that stays in memory: 25 MB here and as much in each thread. So a first process reads it all and leaves it
// compiled in a folder that only this user can write, made anew with every start: what lies there is run.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAMS = ["main.ts", "bookkeeper-thread.ts", "privacy/scan-thread.ts", "traces.ts"];
const COMPILE_MS = 30_000;

/** The folder; undefined where none can be had (then all works, with more memory). */
function compiled() {
  try {
    const folder = mkdtempSync(join(process.env["RUNTIME_DIRECTORY"]?.split(":")[0] ?? tmpdir(), "demesne-gateway-"));
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    const imports = PROGRAMS.map((file) => `await import(${JSON.stringify(new URL(file, import.meta.url).href)});`);
    const argv = [...process.execArgv, "--input-type=module", "--eval", imports.join("\n")];
    spawnSync(process.execPath, argv, {
      stdio: "ignore",
      timeout: COMPILE_MS,
      env: { ...process.env, NODE_COMPILE_CACHE: folder },
    });
    return folder;
  } catch {
    return undefined;
  }
}

const folder = compiled();
if (folder !== undefined) {
  enableCompileCache(folder);
  // For the threads.
  process.env["NODE_COMPILE_CACHE"] = folder;
}
const { main } = await import("./main.ts");
await main();
