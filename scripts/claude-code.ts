// Claude Code's shipped program, for the journeys in which it runs unchanged. It is 360 MB and not free software, so it is no
// dependency: a build server gets it (CI is set there), anybody else with DEMESNE_CLAUDE_CODE=install, or by naming the program.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { cacheFolder } from "../src/cli/cache-folder.ts";
import type { Progress } from "../src/lib/ports.ts";
import { makeWhole } from "./whole-folder.ts";

const PACKAGE = "@anthropic-ai/claude-agent-sdk-linux-x64";
const VERSION = "0.3.330";
const INSTALL_MS = 10 * 60_000;

/** The program to name in DEMESNE_CLAUDE_CODE; undefined where nobody asked for it or it cannot be had. */
export function claudeCode(progress: Progress): string | undefined {
  const { DEMESNE_CLAUDE_CODE: named, CI: isServer } = process.env;
  if (named !== undefined && named !== "install") return named;
  if (named === undefined && isServer === undefined) return undefined;
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const folder = join(cacheFolder(), "test-programs", `claude-code-${VERSION}`);
  const program = join(folder, "node_modules", PACKAGE, "claude");
  if (existsSync(program)) return program;
  progress.step(`installing ${PACKAGE} ${VERSION} to test against (360 MB, once)`);
  makeWhole(
    folder,
    () => existsSync(program),
    (into) => {
      const flags = ["--no-audit", "--no-fund", "--ignore-scripts"];
      const argv = ["install", "--prefix", into, ...flags, `${PACKAGE}@${VERSION}`];
      spawnSync("npm", argv, { stdio: "ignore", timeout: INSTALL_MS });
    },
  );
  if (existsSync(program)) return program;
  progress.step(`${PACKAGE} cannot be installed here: its journeys are skipped`);
  return undefined;
}
