// Where the gateway's process starts: `node src/gateway/main.js --config FILE`. Plain JavaScript, since to read TypeScript Node
// loads a compiler that stays in memory: 25 MB here and as much in each thread. So a first process reads it all and leaves it
// compiled in a folder that only this user can write, made anew with every start: what lies there is run.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAMS = ["main.ts", "bookkeeper-thread.ts", "privacy/scan-thread.ts", "traces.ts"];
const COMPILE_MS = 30_000;

/** The folder; undefined where none can be had (then all works, with more memory). */
function compiled() {
  try {
    const parent = process.env["RUNTIME_DIRECTORY"]?.split(":")[0] ?? tmpdir();
    sweep(parent);
    const folder = mkdtempSync(join(parent, `demesne-gateway-${process.pid}-`));
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

/** Takes away what starts have left that were killed; what is another user's stays. */
function sweep(parent) {
  for (const name of readdirSync(parent)) {
    const pid = Number(/^demesne-gateway-(\d+)-/.exec(name)?.[1]);
    if (Number.isNaN(pid) || isRunning(pid)) continue;
    try {
      rmSync(join(parent, name), { recursive: true, force: true });
    } catch {
      // Not ours.
    }
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== "ESRCH";
  }
}

// Until the gateway answers to them: an end by the signal itself would leave the folder behind.
const end = () => process.exit(0);
const ignore = () => {};
process.on("SIGTERM", end).on("SIGINT", end).on("SIGHUP", ignore);
const folder = compiled();
if (folder !== undefined) {
  enableCompileCache(folder);
  // For the threads.
  process.env["NODE_COMPILE_CACHE"] = folder;
}
const { main } = await import("./main.ts");
const running = main();
process.off("SIGTERM", end).off("SIGINT", end).off("SIGHUP", ignore);
await running;
